"""How refresh tokens are made and read, and what access tokens say."""

import hmac
import struct
from base64 import b64decode, urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from typing import Any, Protocol
from uuid import uuid4

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from stitch_common.security.principals import Role
from stitch_common.settings import Keyring

HEAD = struct.Struct(">16sI")  # session, generation
MAC_BYTES = 32
TOKEN_LENGTH = len(urlsafe_b64encode(bytes(HEAD.size + MAC_BYTES)).rstrip(b"="))
PURPOSE = b"stitch refresh token v1"


class Bearer(Protocol):
    """Whose access token it is."""

    @property
    def id(self) -> int: ...
    @property
    def username(self) -> str: ...
    @property
    def role(self) -> Role: ...


class Seeded(Protocol):
    """What a session's refresh tokens are made of."""

    @property
    def sid(self) -> str: ...
    @property
    def seed(self) -> bytes: ...
    @property
    def key_id(self) -> str: ...
    @property
    def generation(self) -> int: ...


@dataclass(frozen=True, slots=True)
class PresentedToken:
    """A refresh token as it came; nothing in it is proven yet."""

    sid: str
    generation: int
    mac: bytes


class RefreshTokens:
    """Makes a session's tokens: `base64url(session ‖ generation ‖ MAC)`.

    The MAC is HMAC-SHA256 over the head, under a key derived from a configured key and the
    session's seed: the same generation gives the same token, and nothing usable is stored.
    """

    def __init__(self, keyring: Keyring) -> None:
        self._keys = {
            key_id: _derived(b64decode(key.get_secret_value())) for key_id, key in keyring.items()
        }
        self.current_key_id = list(self._keys)[-1]

    def make(self, session: Seeded) -> str:
        """The current token of this session."""
        head = _head(session, session.generation)
        return urlsafe_b64encode(head + self._mac(session, head)).rstrip(b"=").decode()

    def is_genuine(self, presented: PresentedToken, session: Seeded) -> bool:
        """Whether this token was made here, for this session, in whatever generation."""
        if presented.sid != session.sid or session.key_id not in self._keys:
            return False
        head = _head(session, presented.generation)
        return hmac.compare_digest(self._mac(session, head), presented.mac)

    def _mac(self, session: Seeded, head: bytes) -> bytes:
        secret = hmac.digest(self._keys[session.key_id], session.seed, sha256)
        return hmac.digest(secret, head, sha256)


def read(token: str) -> PresentedToken | None:
    """The parts of a refresh token; None if it can't be one."""
    if len(token) != TOKEN_LENGTH or not token.isascii():
        return None
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except ValueError:
        return None
    if len(raw) != HEAD.size + MAC_BYTES:
        return None
    sid, generation = HEAD.unpack(raw[: HEAD.size])
    return PresentedToken(sid.hex(), generation, raw[HEAD.size :])


def access_claims(user: Bearer, *, sid: str, scope: str, at: datetime) -> dict[str, Any]:
    """What an access token says of its owner (RFC 9068 §2.2)."""
    return {
        "sub": str(user.id),
        "uname": user.username,
        "role": str(user.role),
        "scope": scope,
        "sid": sid,
        "jti": uuid4().hex,
        "iat": int(at.timestamp()),
    }


def _head(session: Seeded, generation: int) -> bytes:
    return HEAD.pack(bytes.fromhex(session.sid), generation)


def _derived(key: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=PURPOSE).derive(key)
