-- The roles and schemas of the services: each service owns its schema and can't read another's.
-- Run as a superuser in the database `stitch`; safe to run again. Passwords are set elsewhere
-- (make run: generated; compose and Kubernetes: from secrets).

DO $$
DECLARE
    service text;
BEGIN
    FOREACH service IN ARRAY ARRAY['auth', 'content', 'events', 'notifications', 'ai'] LOOP
        IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'stitch_' || service) THEN
            EXECUTE format(
                'CREATE ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOINHERIT',
                'stitch_' || service
            );
        END IF;
        EXECUTE format('CREATE SCHEMA IF NOT EXISTS %I AUTHORIZATION %I', service, 'stitch_' || service);
        EXECUTE format('REVOKE ALL ON SCHEMA %I FROM PUBLIC', service);
        EXECUTE format('GRANT CONNECT ON DATABASE %I TO %I', current_database(), 'stitch_' || service);
    END LOOP;

    EXECUTE format('REVOKE CONNECT, TEMPORARY ON DATABASE %I FROM PUBLIC', current_database());
END
$$;

-- Where services could meet; a name without its schema finds nothing either.
REVOKE ALL ON SCHEMA public FROM PUBLIC;
