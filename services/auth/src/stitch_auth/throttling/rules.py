"""How long guessing is refused, and which devices are known."""

import hmac
import secrets
import struct
from base64 import b64decode, urlsafe_b64encode
from datetime import datetime, timedelta
from hashlib import sha256

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from stitch_common.limits.models import Limit
from stitch_common.settings import Keyring

HEAD = struct.Struct(">qq16s")  # user, second, device
MAC_BYTES = 32
PURPOSE = b"stitch known device v1"


def login_steps(most: int, window: timedelta, *, per_hour: int) -> tuple[Limit, ...]:
    """The limits of log-ins for one account from one network or device.

    The first counts log-ins; the others only count since the last one that succeeded, so that
    guessing is refused for longer and longer: by default for half a minute after 5, five minutes
    after 10, an hour after 20, and half a day after 40.
    """
    return (
        Limit("login", most, window),
        Limit("login-minutes", 2 * most, 10 * window),
        Limit("login-hour", per_hour, timedelta(hours=1)),
        Limit("login-half-day", 2 * per_hour, timedelta(hours=12)),
    )


def share_of_strangers(most_failures: int) -> int:
    """How many of an account's failures strangers may use up: known devices keep a tenth."""
    return most_failures - most_failures // 10


class KnownDevices:
    """Marks devices from which somebody has logged in, and recognises them (OWASP device cookies).

    The mark proves no identity: it only lets guesses from elsewhere not count against its bearer.
    """

    def __init__(self, keyring: Keyring, *, ttl: timedelta) -> None:
        self._keys = [_derived(b64decode(key.get_secret_value())) for key in keyring.values()]
        self._ttl = ttl

    def mark(self, user_id: int, at: datetime) -> str:
        """A mark for the device that has just logged in; each is a new one, with a clean slate."""
        head = HEAD.pack(user_id, int(at.timestamp()), secrets.token_bytes(16))
        return urlsafe_b64encode(head + _mac(self._keys[-1], head)).rstrip(b"=").decode()

    def recognise(self, mark: str, user_id: int, at: datetime) -> str | None:
        """The device's id if it is one of this user's."""
        raw = _decoded(mark)
        head, mac = raw[: HEAD.size], raw[HEAD.size :]
        if len(raw) != HEAD.size + MAC_BYTES:
            return None
        if not any(hmac.compare_digest(_mac(key, head), mac) for key in self._keys):
            return None
        owner, second, device = HEAD.unpack(head)
        age = at.timestamp() - second
        is_theirs = owner == user_id and age < self._ttl.total_seconds()
        return bytes(device).hex() if is_theirs else None


def _mac(key: bytes, head: bytes) -> bytes:
    return hmac.digest(key, head, sha256)


def _derived(key: bytes) -> bytes:
    return HKDF(SHA256(), 32, salt=None, info=PURPOSE).derive(key)


def _decoded(mark: str) -> bytes:
    try:
        return b64decode(mark.encode() + b"=" * (-len(mark) % 4), altchars=b"-_", validate=True)
    except ValueError:
        return b""
