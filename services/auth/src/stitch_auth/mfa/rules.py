"""Codes that change (RFC 6238) and codes for when the device is lost."""

import hmac
import secrets
from base64 import b32encode
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote, urlencode

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

STEP_SECONDS, DIGITS, SECRET_BYTES = 30, 6, 20
DRIFT = (0, -1, 1)
"""Steps that a device's clock may be off (RFC 6238 §5.2)."""
RECOVERY_CODES, RECOVERY_BYTES = 10, 10


def new_secret() -> bytes:
    return secrets.token_bytes(SECRET_BYTES)


def shown(secret: bytes) -> str:
    """As apps want it typed."""
    return b32encode(secret).decode()


def otpauth_url(secret: bytes, account: str, issuer: str) -> str:
    """What a QR code for apps holds (Key Uri Format)."""
    label = quote(f"{issuer}:{account}")
    return f"otpauth://totp/{label}?{urlencode({'secret': shown(secret), 'issuer': issuer})}"


def matching_counter(secret: bytes, code: str, at: datetime, *, after: int) -> int | None:
    """The step whose code this is, if it is a later one than that used last."""
    if not (code.isascii() and code.isdecimal() and len(code) == DIGITS):
        return None
    now = int(at.timestamp()) // STEP_SECONDS
    # SHA-1 is what apps know; HMAC does not depend on collisions (RFC 6238 §1.2).
    generator = HOTP(secret, DIGITS, SHA1())  # noqa: S303 - see above
    for counter in (now + drift for drift in DRIFT):
        is_same = hmac.compare_digest(generator.generate(counter), code.encode())
        if is_same and counter > after:
            return counter
    return None


def new_recovery_codes() -> list[str]:
    """80 random bits each, so that a plain hash protects them."""
    raw = (b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode() for _ in range(RECOVERY_CODES))
    return ["-".join(code[at : at + 4] for at in range(0, len(code), 4)).lower() for code in raw]


def recovery_hash(code: str) -> bytes:
    """The same for every way to type it."""
    return sha256("".join(char for char in code.upper() if char.isalnum()).encode()).digest()
