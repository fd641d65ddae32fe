"""CORS by an exact allowlist (Fetch standard §3.2; ASVS 3.4.2)."""

from collections.abc import Iterable, Mapping

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
PREFLIGHT_VARY = "Origin, Access-Control-Request-Method, Access-Control-Request-Headers"


class Origins:
    """The allowlist; what is not on it learns nothing."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(allowed)

    def allows(self, origin: str | None) -> bool:
        return origin in self._allowed

    def granted(self, origin: str | None) -> dict[str, str]:
        """The headers with which an answer may be read by scripts of this origin."""
        if origin is None or not self.allows(origin):
            return {}
        return {
            "access-control-allow-origin": origin,
            "access-control-allow-credentials": "true",
            "access-control-expose-headers": ", ".join(EXPOSED_HEADERS),
        }


def preflight_headers(methods: Iterable[str]) -> Mapping[str, str]:
    """What a preflight for a path with these methods is told, beside who may ask."""
    return {
        "access-control-allow-methods": ", ".join(sorted(methods)),
        "access-control-allow-headers": ", ".join(ALLOWED_HEADERS),
        "access-control-max-age": str(PREFLIGHT_MAX_AGE),
        "vary": PREFLIGHT_VARY,
    }
