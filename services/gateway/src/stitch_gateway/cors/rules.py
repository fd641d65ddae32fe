"""CORS by an exact allowlist (Fetch standard §3.2; ASVS 3.4.2)."""

from collections.abc import Iterable, Mapping, Sequence

ALLOWED_HEADERS = (
    "Accept",
    "Accept-Language",
    "Authorization",
    "Content-Language",
    "Content-Type",
    "Idempotency-Key",
    "If-Match",
    "If-None-Match",
    "Last-Event-ID",
    "Prefer",
    "X-Request-ID",
    "X-Requested-With",
    "traceparent",
    "tracestate",
)
EXPOSED_HEADERS = (
    "X-Request-ID",
    "ETag",
    "Link",
    "Location",
    "X-Total-Count",
    "RateLimit",
    "RateLimit-Policy",
    "Retry-After",
    "Idempotency-Replayed",
    "Deprecation",
)
PREFLIGHT_MAX_AGE = 600
PREFLIGHT_VARY = "Access-Control-Request-Method, Access-Control-Request-Headers"
"""Beside Origin, by which every answer varies."""


class Origins:
    """The allowlist; what is not on it learns nothing."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(allowed)
        self._granted = {origin.encode(): _granted(origin.encode()) for origin in self._allowed}

    def allows(self, origin: str | None) -> bool:
        return origin in self._allowed

    def granted(self, origin: bytes) -> Sequence[tuple[bytes, bytes]]:
        """The fields with which an answer may be read by scripts of this origin."""
        return self._granted.get(origin, ())


def _granted(origin: bytes) -> Sequence[tuple[bytes, bytes]]:
    return (
        (b"access-control-allow-origin", origin),
        (b"access-control-allow-credentials", b"true"),
        (b"access-control-expose-headers", ", ".join(EXPOSED_HEADERS).encode()),
    )


def preflight_headers(methods: Iterable[str]) -> Mapping[str, str]:
    """What a preflight for a path with these methods is told, beside who may ask."""
    return {
        "access-control-allow-methods": ", ".join(sorted(methods)),
        "access-control-allow-headers": ", ".join(ALLOWED_HEADERS),
        "access-control-max-age": str(PREFLIGHT_MAX_AGE),
        "vary": PREFLIGHT_VARY,
    }
