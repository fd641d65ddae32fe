"""Tokens in mailed links: `base64url(purpose ‖ id ‖ version ‖ expiry ‖ MAC)`, stored nowhere.

The MAC is the first 20 bytes (160 bits) of HMAC-SHA256 under the purpose's own key.
"""

import hmac
import struct
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256

from stitch_common.clock import Clock
from stitch_common.errors import ErrorKind, StitchError
from stitch_common.settings import Keyrings

PURPOSES = {"rsvp": 1, "verify-email": 2, "unsubscribe": 3, "reset-password": 4, "not-me": 5}
FORMAT = struct.Struct(">BBQIQ")  # purpose, key id, id, version, expiry in seconds
MAC_BYTES = 20
TOKEN_BYTES = FORMAT.size + MAC_BYTES
TOKEN_LENGTH = len(urlsafe_b64encode(bytes(TOKEN_BYTES)).rstrip(b"="))


class InvalidLinkError(StitchError):
    """This link is not valid, or not any more."""

    kind = ErrorKind.NOT_FOUND
    code = "invalid-link"


@dataclass(frozen=True, slots=True)
class Link:
    """What a genuine token says; whether its version still counts is its owner's to decide."""

    id: int
    version: int
    expires_at: datetime


class LinkSigner:
    """Makes and checks links; key ids are numbers from 0 to 255."""

    def __init__(self, keyrings: Keyrings, clock: Clock) -> None:
        self._clock = clock
        self._keys: Mapping[str, Mapping[int, bytes]] = {
            purpose: {int(kid): b64decode(key.get_secret_value()) for kid, key in ring.items()}
            for purpose, ring in keyrings.items()
        }

    def sign(self, purpose: str, link_id: int, *, version: int, expires_at: datetime) -> str:
        """A token for this purpose; the same arguments and key give the same token."""
        key_id, key = list(self._keys[purpose].items())[-1]
        expiry = int(expires_at.timestamp())
        payload = FORMAT.pack(PURPOSES[purpose], key_id, link_id, version, expiry)
        return urlsafe_b64encode(payload + _mac(key, payload)).rstrip(b"=").decode()

    def verify(self, token: str, purpose: str) -> Link:
        """What the token says, if it is genuine, for this purpose and not expired."""
        raw = _decode(token)
        payload, mac = raw[: FORMAT.size], raw[FORMAT.size :]
        purpose_id, key_id, link_id, version, expiry = FORMAT.unpack(payload)
        key = self._keys[purpose].get(key_id, b"")
        genuine = hmac.compare_digest(_mac(key, payload), mac) and bool(key)
        if not genuine or purpose_id != PURPOSES[purpose]:
            raise InvalidLinkError
        expires_at = datetime.fromtimestamp(expiry, UTC)
        if expires_at <= self._clock():
            raise InvalidLinkError
        return Link(link_id, version, expires_at)


def _decode(token: str) -> bytes:
    if len(token) != TOKEN_LENGTH or not token.isascii():
        raise InvalidLinkError
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError as error:
        raise InvalidLinkError from error
    if len(raw) != TOKEN_BYTES or urlsafe_b64encode(raw).rstrip(b"=").decode() != token:
        raise InvalidLinkError
    return raw


def _mac(key: bytes, payload: bytes) -> bytes:
    return hmac.new(key, payload, sha256).digest()[:MAC_BYTES]
