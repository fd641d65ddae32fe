"""What is published about a key."""

import json
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey


@dataclass(frozen=True, slots=True)
class Lifecycle:
    """How long a key is in each state."""

    published_before: timedelta
    """Before it signs: everybody has fetched the key set by then."""
    signs_for: timedelta
    published_after: timedelta
    """After it last signed: no token of it is valid any more."""

    def is_ripe(self, published_since: datetime, now: datetime) -> bool:
        """Whether a next key may sign."""
        return now - published_since >= self.published_before

    def is_tired(self, active_since: datetime, now: datetime) -> bool:
        """Whether the active key should be followed by another one."""
        return now - active_since >= self.signs_for

    def is_over(self, retiring_since: datetime, now: datetime) -> bool:
        """Whether a retiring key verifies nothing any more."""
        return now - retiring_since >= self.published_after


def public_jwk(key: RSAPublicKey) -> dict[str, str]:
    """The public key as a JWK for signatures (RFC 7517), its `kid` the thumbprint."""
    numbers = key.public_numbers()
    members = {"e": _unsigned(numbers.e), "kty": "RSA", "n": _unsigned(numbers.n)}
    return {**members, "use": "sig", "alg": "RS256", "kid": thumbprint(members)}


def thumbprint(members: dict[str, str]) -> str:
    """RFC 7638: the SHA-256 of the required members, in order, without white space."""
    canonical = json.dumps(members, sort_keys=True, separators=(",", ":"))
    return _encoded(sha256(canonical.encode()).digest())


def _unsigned(number: int) -> str:
    return _encoded(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _encoded(raw: bytes) -> str:
    return urlsafe_b64encode(raw).rstrip(b"=").decode()
