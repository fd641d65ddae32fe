"""What is published about a key."""

import json
from base64 import urlsafe_b64encode
from hashlib import sha256

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey


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
