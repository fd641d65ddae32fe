"""Signing access tokens, and telling everybody how to verify them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Self

import jwt
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from stitch_auth.audit.service import AuditTrail
from stitch_auth.keys.adapters import from_bytes, make_private_key, to_bytes
from stitch_auth.keys.errors import ActiveKeyExistsError
from stitch_auth.keys.models import KeyState, SigningKey
from stitch_auth.keys.repository import KeyRepository
from stitch_auth.keys.rules import public_jwk
from stitch_auth.settings import AuthSettings
from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts.auth import KeyRotated
from stitch_common.database import Database
from stitch_common.security.jwks import usable_key
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
        return jwt.encode(dict(claims), keys.signing_key, algorithm="RS256", headers=headers)

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
        key = self._sealed(await asyncio.to_thread(make_private_key, self._bits))
        try:
            async with self._database.transaction() as session:
                await KeyRepository(session).add_active(key)
                trail = AuditTrail(session, self._clock, caller=None)
                trail.succeeded("key.created", actor_id=None, subject=f"key:{key.kid}")
                Outbox(session).add(KeyRotated(kid=key.kid, at=key.created_at))
        except ActiveKeyExistsError:
            log.info("signing_key_made_elsewhere")

    def _sealed(self, private: RSAPrivateKey) -> SigningKey:
        jwk = public_jwk(private.public_key())
        now = self._clock()
        key = SigningKey(
            kid=jwk["kid"],
            state=KeyState.ACTIVE,
            public_jwk=jwk,
            created_at=now,
            state_since=now,
        )
        key.sealed_private_key = self._box.seal(to_bytes(private), key.context)
        return key
