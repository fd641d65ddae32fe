"""What is granted, and which requests may use a cookie."""

from base64 import b64decode
from collections.abc import Collection
from urllib.parse import unquote

BASE_SCOPE = "api"
OFFLINE = "offline_access"
FRIENDLY_SITES = frozenset({"same-origin", "same-site", "none"})


def basic_credential(authorization: str | None) -> tuple[str, str] | None:
    """Name and secret of a Basic credential (RFC 7617); None for anything else.

    Control characters are no part of a name, and no database could look for them.
    """
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        name, _, secret = b64decode(encoded, validate=True).decode().partition(":")
    except ValueError:
        return None
    name = unquote(name)
    return (name, unquote(secret)) if name.isprintable() else None


def granted_scope(requested: str) -> str:
    """What is granted of what was asked; unknown scopes are left out (RFC 6749 §3.3)."""
    return f"{BASE_SCOPE} {OFFLINE}" if OFFLINE in requested.split() else BASE_SCOPE


def is_friendly(origin: str | None, fetch_site: str | None, trusted: Collection[str]) -> bool:
    """Whether a cookie may be used for a request with these headers.

    Only browsers send them, and pages can't change them: without both it is a program.
    """
    if fetch_site == "same-origin" or (origin is not None and origin in trusted):
        return True
    return origin is None and (fetch_site is None or fetch_site in FRIENDLY_SITES)
