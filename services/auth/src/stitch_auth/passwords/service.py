"""Keeping passwords: argon2id over a peppered password, off the event loop."""

import hmac
import secrets
from base64 import b64decode
from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from hashlib import sha256
from typing import Self

import structlog
from pwdlib.hashers.argon2 import Argon2Hasher

from stitch_auth.passwords.adapters import NicedThreads, Turns
from stitch_auth.passwords.errors import HashingBusyError, WeakPasswordError
from stitch_auth.passwords.rules import (
    LENGTH_SENTENCE,
    is_long_enough,
    is_short_enough,
    normalized,
    why_weak,
)
from stitch_auth.settings import AuthSettings
from stitch_common.settings import Keyring

log = structlog.get_logger(__name__)

HASHING_ERRORS = (WeakPasswordError, HashingBusyError)
"""What a route that takes a new password may answer."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a password is right, and whether its hash is older than today's parameters."""

    is_right: bool
    is_outdated: bool = False


class PasswordService:
    """Hashes look like `<pepper id>$argon2id$…`, so that every pepper keeps its hashes."""

    def __init__(
        self, threads: NicedThreads, turns: Turns, peppers: Keyring, hasher: Argon2Hasher
    ) -> None:
        self._threads = threads
        self._turns = turns
        self._peppers = {
            pepper_id: b64decode(pepper.get_secret_value()) for pepper_id, pepper in peppers.items()
        }
        self._current = list(self._peppers)[-1]
        self._hasher = hasher
        self._nobodys = self._hash(secrets.token_urlsafe())

    @classmethod
    def configured(cls, settings: AuthSettings) -> Self:
        """With the parameters, peppers and threads of this process."""
        hasher = Argon2Hasher(
            time_cost=settings.hashing_passes,
            memory_cost=settings.hashing_memory_kib,
            parallelism=1,
        )
        threads = NicedThreads(threads=settings.hashing_threads, queue=settings.hashing_queue)
        # While one's password is computed another one's rows are read; more would only hold
        # connections that other requests wait for.
        turns = Turns(at_once=2 * settings.hashing_threads, waiting=settings.hashing_queue)
        return cls(threads, turns, settings.password_peppers, hasher)

    def turn(self) -> AbstractAsyncContextManager[None]:
        """A place among those who may log in at once; HashingBusyError before any query."""
        return self._turns.take()

    async def require_strength(self, password: str, context: Sequence[str]) -> None:
        """Refuse what is too short, too long or easy to guess for who knows these words."""
        if not (is_long_enough(password) and is_short_enough(password)):
            raise WeakPasswordError.because(LENGTH_SENTENCE)
        reason = await self._threads.run(lambda: why_weak(password, context))
        if reason is not None:
            raise WeakPasswordError.because(reason)

    async def hash(self, password: str) -> str:
        return await self._threads.run(lambda: self._hash(password))

    async def verify(self, password: str, stored: str | None) -> Verdict:
        """Check a password; with nothing stored it takes as long and is wrong.

        What is longer than any password can be is wrong without any computing.
        """
        if not is_short_enough(password):
            return Verdict(is_right=False)
        return await self._threads.run(lambda: self._verify(password, stored))

    def _hash(self, password: str) -> str:
        return self._current + self._hasher.hash(self._peppered(password, self._current))

    def _verify(self, password: str, stored: str | None) -> Verdict:
        pepper_id, _, encoded = (stored or self._nobodys).partition("$")
        if pepper_id not in self._peppers:
            log.error("pepper_missing", pepper=pepper_id)
            return Verdict(is_right=False)
        encoded = "$" + encoded
        is_right = self._hasher.verify(self._peppered(password, pepper_id), encoded)
        is_outdated = pepper_id != self._current or self._hasher.check_needs_rehash(encoded)
        return Verdict(is_right=is_right and stored is not None, is_outdated=is_outdated)

    def _peppered(self, password: str, pepper_id: str) -> bytes:
        key = self._peppers[pepper_id]
        return hmac.new(key, normalized(password).encode(), sha256).digest()
