"""Cookies of auth go to auth and to nobody else (ASVS 10.1.1)."""

from stitch_gateway.intake.errors import AmbiguousHeadError

REFRESH_COOKIES = frozenset(
    {
        b"__host-stitch-refresh",
        b"stitch-refresh",
        b"__host-stitch-device",
        b"stitch-device",
    }
)
"""And the marks of known devices, which are as little anybody else's business."""


def without_refresh(cookie: bytes) -> bytes:
    """The cookie header without refresh cookies; empty if nothing is left."""
    return b"; ".join(pair for pair in _pairs(cookie) if not _is_refresh(pair))


def with_refresh(cookie: bytes) -> bytes:
    """The cookie header for auth; AmbiguousHeadError if it holds one refresh cookie twice."""
    names = [_name(pair) for pair in _pairs(cookie) if _is_refresh(pair)]
    if len(names) > len(set(names)):
        raise AmbiguousHeadError
    return cookie


def _pairs(cookie: bytes) -> list[bytes]:
    return [pair.strip() for pair in cookie.split(b";") if pair.strip()]


def _is_refresh(pair: bytes) -> bool:
    return _name(pair) in REFRESH_COOKIES


def _name(pair: bytes) -> bytes:
    return pair.split(b"=")[0].strip().strip(b'"').lower()
