"""Errors of signing keys."""


class ActiveKeyExistsError(Exception):
    """Another replica has made the active key."""
