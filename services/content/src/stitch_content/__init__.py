"""What is written, what of it is live, how the site is set up, and what happens everywhere.

Owns content with its versions, slugs and trash, the public's view of it, the site's settings, and
the dashboard's read model of the facts of all services.
"""
