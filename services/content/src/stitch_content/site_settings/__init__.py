"""Site settings: one value a key, secrets sealed, every change on record."""
