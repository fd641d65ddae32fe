"""Owns content with its versions, slugs and trash, what of it is live, the site's settings, and the
dashboard's picture of what happens in all services.
"""
