"""Signing access tokens, and telling everybody how to verify them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any, Self

import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.audit.service import AuditTrail
from stitch_auth.callers.models import Caller
from stitch_auth.keys.adapters import from_bytes, make_private_key, to_bytes
from stitch_auth.keys.errors import KeyExistsError, KeyNotFoundError, NextKeyTooYoungError
from stitch_auth.keys.models import KeyState, SigningKey
from stitch_auth.keys.repository import KeyRepository
from stitch_auth.keys.rules import Lifecycle, public_jwk
from stitch_auth.settings import AuthSettings
from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts.auth import KeyRevoked, KeyRotated
from stitch_common.database import Database
from stitch_common.security import jws
from stitch_common.security.jwks import usable_key
from stitch_common.security.principals import Principal
from stitch_common.security.sealing import SealedBox

log = structlog.get_logger(__name__)

FRESH_FOR = timedelta(seconds=5)
"""How long a replica may not know of a change that another one has made."""


@dataclass(frozen=True, slots=True)
class KeySet:
    """The keys as they were at one moment."""

    loaded_at: datetime
    jwks: list[dict[str, str]]
    public: Mapping[str, RSAPublicKey]
    signing_kid: str
    signing_key: RSAPrivateKey


class KeyService:
    """The keys of all replicas: PostgreSQL has them, a replica remembers them for seconds."""

    def __init__(self, database: Database, clock: Clock, *, box: SealedBox, bits: int) -> None:
        self._database = database
        self._clock = clock
        self._box = box
        self._bits = bits
        self._known: KeySet | None = None
        self._is_stale = False
        self._loading = asyncio.Lock()

    @classmethod
    def configured(cls, database: Database, clock: Clock, settings: AuthSettings) -> Self:
        """With the sealing keys of this process."""
        box = SealedBox(settings.secret_keys)
        return cls(database, clock, box=box, bits=settings.signing_key_bits)

    async def sign(self, claims: Mapping[str, Any]) -> str:
        """An access token (RFC 9068) with these claims, signed with the active key."""
        keys = await self._current()
        headers = {"typ": "at+jwt", "kid": keys.signing_kid}
        # Not in a thread: handing it over and back takes up to a third as long as signing, and
        # all cores have processes of this service.
        return jws.sign(headers, claims, keys.signing_key)

    async def jwks(self) -> list[dict[str, str]]:
        """Every key that verifies now or soon, public halves only."""
        return (await self._current()).jwks

    async def find(self, kid: str) -> RSAPublicKey | None:
        """The public key of this id: this service verifies without asking itself over HTTP."""
        return (await self._current()).public.get(kid)

    def renew(self) -> None:
        """The keys have changed: read them again before they are used."""
        self._is_stale = True

    async def ensure_active(self) -> None:
        """Make the active key if there is none; of N replicas that try, one succeeds.

        UnsealError if the key that there is was sealed with a key that is not configured.
        """
        await self._current()

    async def _current(self) -> KeySet:
        known = self._known
        if known is not None and not self._is_old(known):
            return known
        async with self._loading:
            if self._known is None or self._known is known:
                self._is_stale = False
                self._known = await self._load()
            return self._known

    def _is_old(self, known: KeySet) -> bool:
        return self._is_stale or self._clock() - known.loaded_at > FRESH_FOR

    async def _load(self) -> KeySet:
        now = self._clock()
        published = await self._published()
        active = [key for key in published if key.state is KeyState.ACTIVE]
        if not active:
            await self._make_active()
            return await self._load()
        return KeySet(
            loaded_at=now,
            jwks=[key.public_jwk for key in published],
            public={key.kid: usable_key(key.public_jwk) for key in published},
            signing_kid=active[0].kid,
            signing_key=await self._private(active[0]),
        )

    async def _published(self) -> list[SigningKey]:
        async with self._database.reading() as session:
            return await KeyRepository(session).published()

    async def _private(self, key: SigningKey) -> RSAPrivateKey:
        if self._known is not None and self._known.signing_kid == key.kid:
            return self._known.signing_key
        raw = self._box.open(key.sealed_private_key, key.context)
        return await asyncio.to_thread(from_bytes, raw)

    async def _make_active(self) -> None:
        key = await make_key(self._box, self._bits, KeyState.ACTIVE, self._clock())
        await add_key(self._database, key, self._clock)


async def make_key(box: SealedBox, bits: int, state: KeyState, at: datetime) -> SigningKey:
    """A new key, sealed; computed in a thread, so call it outside of any transaction."""
    private = await asyncio.to_thread(make_private_key, bits)
    jwk = public_jwk(private.public_key())
    key = SigningKey(kid=jwk["kid"], state=state, public_jwk=jwk, created_at=at, state_since=at)
    key.sealed_private_key = box.seal(to_bytes(private), key.context)
    return key


async def add_key(database: Database, key: SigningKey, clock: Clock) -> None:
    """Insert it, unless another replica was faster."""
    try:
        async with database.transaction() as session:
            await KeyRepository(session).add(key)
            trail = AuditTrail(session, clock, caller=None)
            trail.succeeded("key.created", actor_id=None, subject=f"key:{key.kid}")
            Outbox(session).add(KeyRotated(kid=key.kid, at=key.created_at))
    except KeyExistsError:
        log.info("signing_key_made_elsewhere")


class KeyLifecycle:
    """Lets keys follow each other: next, active, retiring, retired."""

    def __init__(self, database: Database, clock: Clock, settings: AuthSettings) -> None:
        self._database = database
        self._clock = clock
        self._box = SealedBox(settings.secret_keys)
        self._bits = settings.signing_key_bits
        self._lifecycle = Lifecycle(
            published_before=2 * settings.jwks_max_age,
            signs_for=settings.signing_key_lifetime,
            published_after=settings.access_token_ttl + 2 * settings.jwks_max_age,
        )

    async def list_all(self) -> list[SigningKey]:
        async with self._database.reading() as session:
            return await KeyRepository(session).all()

    async def tick(self) -> None:
        """Do what is due; safe to repeat, and on many replicas at once."""
        now = self._clock()
        async with self._database.transaction() as session:
            keys = await KeyRepository(session).lock_all()
            for key in _in_state(keys, KeyState.RETIRING):
                if self._lifecycle.is_over(key.state_since, now):
                    key.move_to(KeyState.RETIRED, now)
            active = _in_state(keys, KeyState.ACTIVE)
            ripe = self._ripe(keys, now)
            if active and ripe and self._lifecycle.is_tired(active[0].state_since, now):
                trail = AuditTrail(session, self._clock, caller=None)
                await self._promote(session, ripe, active, trail=trail, actor_id=None)
            needs_next = bool(active) and not _in_state(keys, KeyState.NEXT)
        if needs_next:
            await self._make_next()

    async def rotate(self, admin: Principal, caller: Caller) -> list[SigningKey]:
        """Let the next key sign now; NextKeyTooYoungError if not everybody knows it yet."""
        async with self._database.transaction() as session:
            keys = await KeyRepository(session).lock_all()
            ripe = self._ripe(keys, self._clock())
            if ripe is None:
                raise self._too_young(keys)
            trail = AuditTrail(session, self._clock, caller)
            active = _in_state(keys, KeyState.ACTIVE)
            await self._promote(session, ripe, active, trail=trail, actor_id=admin.user_id)
        await self._make_next()
        return await self.list_all()

    async def revoke(self, kid: str, admin: Principal, caller: Caller) -> SigningKey:
        """Refuse whatever this key has signed, everywhere and at once; KeyNotFoundError.

        If it is the active one, the next one signs from now on, however young it is.
        """
        spare = await make_key(self._box, self._bits, KeyState.NEXT, self._clock())
        async with self._database.transaction() as session:
            repository = KeyRepository(session)
            keys = await repository.lock_all()
            key = next((each for each in keys if each.kid == kid), None)
            if key is None:
                raise KeyNotFoundError
            if key.revoked_at is not None:
                return key
            was_active = key.state is KeyState.ACTIVE
            key.revoke(self._clock())
            await repository.flush()
            Outbox(session).add(KeyRevoked(kid=kid, at=self._clock()))
            trail = AuditTrail(session, self._clock, caller)
            trail.succeeded("key.revoked", actor_id=admin.user_id, subject=f"key:{kid}")
            if was_active:
                following = _in_state(keys, KeyState.NEXT) or [spare]
                await self._promote(session, following[0], [], trail=trail, actor_id=admin.user_id)
                session.add(following[0])
        await self.tick()
        return key

    async def rewrap(self) -> int:
        """Seal with the current key what is sealed with older ones; tells how many."""
        async with self._database.transaction() as session:
            old = [
                key
                for key in await KeyRepository(session).lock_all()
                if not self._box.is_current(key.sealed_private_key)
            ]
            for key in old:
                raw = self._box.open(key.sealed_private_key, key.context)
                key.sealed_private_key = self._box.seal(raw, key.context)
        return len(old)

    def _ripe(self, keys: Sequence[SigningKey], now: datetime) -> SigningKey | None:
        waiting = _in_state(keys, KeyState.NEXT)
        return next((k for k in waiting if self._lifecycle.is_ripe(k.state_since, now)), None)

    def _too_young(self, keys: Sequence[SigningKey]) -> NextKeyTooYoungError:
        since = max((k.state_since for k in _in_state(keys, KeyState.NEXT)), default=self._clock())
        wait = since + self._lifecycle.published_before - self._clock()
        seconds = max(1, ceil(wait.total_seconds()))
        return NextKeyTooYoungError(headers={"retry-after": str(seconds)})

    async def _promote(
        self,
        session: AsyncSession,
        key: SigningKey,
        before: Sequence[SigningKey],
        *,
        trail: AuditTrail,
        actor_id: int | None,
    ) -> None:
        now = self._clock()
        for each in before:
            each.move_to(KeyState.RETIRING, now)
        await KeyRepository(session).flush()
        key.move_to(KeyState.ACTIVE, now)
        Outbox(session).add(KeyRotated(kid=key.kid, at=now))
        trail.succeeded("key.rotated", actor_id=actor_id, subject=f"key:{key.kid}")

    async def _make_next(self) -> None:
        key = await make_key(self._box, self._bits, KeyState.NEXT, self._clock())
        await add_key(self._database, key, self._clock)


def _in_state(keys: Sequence[SigningKey], state: KeyState) -> list[SigningKey]:
    return [key for key in keys if key.state is state]
