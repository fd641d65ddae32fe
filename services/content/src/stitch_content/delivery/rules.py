"""What caches need to know: validators, freshness, surrogate keys (RFC 9110 §8.8, RFC 9111)."""

from base64 import urlsafe_b64encode
from collections.abc import Iterable
from datetime import timedelta
from hashlib import sha256

DIGEST_BYTES = 18


def digest_tag(*parts: str) -> str:
    """A validator that changes with what is shown."""
    digest = sha256("\0".join(parts).encode()).digest()
    return f'"{urlsafe_b64encode(digest[:DIGEST_BYTES]).decode()}"'


def is_known(if_none_match: Iterable[str], tag: str) -> bool:
    """Whether the caller has this representation already (weak comparison)."""
    candidates = ",".join(if_none_match).split(",")
    known = {candidate.strip().removeprefix("W/") for candidate in candidates}
    return tag in known or known == {"*"}


def freshness(max_age: timedelta, keys: Iterable[str]) -> dict[str, str]:
    """`Surrogate-Key` lets a CDN drop exactly what has changed."""
    return {
        "cache-control": f"public, max-age={int(max_age.total_seconds())}",
        "surrogate-key": " ".join(dict.fromkeys(keys)),
    }
