"""Content: what editors write, its versions, its slugs and what of it is live."""
