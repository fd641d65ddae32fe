"""Making API keys, and exchanging them for short access tokens."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.apikeys.errors import (
    APIKeyNotFoundError,
    InvalidClientError,
    PersonRequiredError,
)
from stitch_auth.apikeys.models import APIKey
from stitch_auth.apikeys.repository import APIKeyRepository
from stitch_auth.apikeys.schemas import WantedKey
from stitch_auth.audit.service import AuditTrail
from stitch_auth.callers.models import Caller
from stitch_auth.settings import AuthSettings
from stitch_auth.throttling.service import Throttle
from stitch_auth.tokens.models import ClientGrant
from stitch_auth.tokens.service import TokenService
from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts.auth import SessionRevoked
from stitch_common.database import Database
from stitch_common.limits.models import Limit
from stitch_common.security.principals import Principal

CLIENT_ERRORS = (InvalidClientError,)
"""What a route that takes an API key may answer."""
NOTED_EVERY = timedelta(minutes=1)
"""How exactly the last use is known; more would be a write for each token."""


class APIKeyService:
    """A key never travels beyond auth: what others see are tokens that last for minutes."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        settings: AuthSettings,
        tokens: TokenService,
        throttle: Throttle,
    ) -> None:
        self._database = database
        self._clock = clock
        self._tokens = tokens
        self._throttle = throttle
        self._per_network = Limit(
            "client-network", settings.login_limit_per_network, settings.login_window
        )

    async def list_live(self) -> list[APIKey]:
        async with self._database.reading() as session:
            return await APIKeyRepository(session).list_live()

    async def make(self, wanted: WantedKey, admin: Principal, caller: Caller) -> tuple[APIKey, str]:
        """A key that acts for the admin, and its secret, which is stored nowhere.

        PersonRequiredError for who comes with a key.
        """
        if admin.is_program:
            raise PersonRequiredError
        at = self._clock()
        key, secret = APIKey.create(
            wanted.name, admin.user_id, role=wanted.role, at=at, until=at + wanted.lasts
        )
        async with self._database.transaction() as session:
            await APIKeyRepository(session).add(key)
            trail = AuditTrail(session, self._clock, caller)
            trail.succeeded(
                "api_key.created",
                actor_id=admin.user_id,
                subject=f"api-key:{key.id}",
                role=wanted.role,
            )
        return key, secret

    async def revoke(self, key_id: int, admin: Principal, caller: Caller) -> None:
        """End a key and, everywhere within 2 s, its tokens; APIKeyNotFoundError."""
        at = self._clock()
        async with self._database.transaction() as session:
            key = await APIKeyRepository(session).lock(key_id)
            trail = AuditTrail(session, self._clock, caller)
            _revoke(session, key, at, actor_id=admin.user_id, trail=trail)

    async def exchange(self, client_id: str, secret: str, caller: Caller) -> ClientGrant:
        """An access token (RFC 6749 §4.4); InvalidClientError, whatever is wrong."""
        await self._throttle.admit(self._per_network, caller.network)
        at = self._clock()
        async with self._database.reading() as session:
            found = await APIKeyRepository(session).find(client_id)
        if found is None or not found[0].opens_with(secret, at) or not found[1].is_usable:
            await self._note_failure(found[0] if found else None, caller)
            raise InvalidClientError
        key, owner = found
        if key.last_used_at is None or at - key.last_used_at > NOTED_EVERY:
            try:
                await self._note_use(key.id, caller)
            except APIKeyNotFoundError as error:  # it was revoked meanwhile
                raise InvalidClientError from error
        return await self._tokens.grant_client(
            owner, client_id=key.client_id, sid=key.sid, role=key.role_for(owner)
        )

    async def _note_use(self, key_id: int, caller: Caller) -> None:
        async with self._database.transaction() as session:
            key = await APIKeyRepository(session).lock(key_id)
            key.last_used_at = self._clock()
            trail = AuditTrail(session, self._clock, caller)
            trail.succeeded("api_key.used", actor_id=key.owner_id, subject=f"api-key:{key.id}")

    async def _note_failure(self, key: APIKey | None, caller: Caller) -> None:
        async with self._database.transaction() as session:
            trail = AuditTrail(session, self._clock, caller)
            trail.failed(
                "api_key.used", actor_id=None, subject=f"api-key:{key.id}" if key else None
            )


async def revoke_keys_of(
    session: AsyncSession, user_id: int, at: datetime, *, trail: AuditTrail
) -> None:
    """End all keys that act for this user, in the transaction of the reason for it."""
    for key in await APIKeyRepository(session).lock_all_of(user_id):
        _revoke(session, key, at, actor_id=user_id, trail=trail)


def _revoke(
    session: AsyncSession, key: APIKey, at: datetime, *, actor_id: int, trail: AuditTrail
) -> None:
    key.revoked_at = at
    Outbox(session).add(
        SessionRevoked(sid=key.sid, user_id=key.owner_id, reason="api-key-revoked", at=at)
    )
    trail.succeeded("api_key.revoked", actor_id=actor_id, subject=f"api-key:{key.id}")
