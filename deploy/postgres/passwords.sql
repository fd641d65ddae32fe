-- Passwords of the services' roles, from the environment; run after roles.sql, as often as you like.

-- Not into the server's log, whatever it is told to log.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';

\getenv auth AUTH_DATABASE_PASSWORD
ALTER ROLE stitch_auth PASSWORD :'auth';
\getenv content CONTENT_DATABASE_PASSWORD
ALTER ROLE stitch_content PASSWORD :'content';
\getenv events EVENTS_DATABASE_PASSWORD
ALTER ROLE stitch_events PASSWORD :'events';
\getenv notifications NOTIFICATIONS_DATABASE_PASSWORD
ALTER ROLE stitch_notifications PASSWORD :'notifications';
\getenv ai AI_DATABASE_PASSWORD
ALTER ROLE stitch_ai PASSWORD :'ai';
