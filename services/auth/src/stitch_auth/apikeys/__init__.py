"""Keys with which programs get access tokens."""
