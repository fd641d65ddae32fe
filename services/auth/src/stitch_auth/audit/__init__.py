"""Who did what, when, from where; never a secret."""
