"""Granting tokens to a session, and recognising them."""

from collections.abc import Mapping
from datetime import datetime
from math import ceil
from typing import Any

from stitch_auth.keys.service import KeyService
from stitch_auth.settings import AuthSettings
from stitch_auth.tokens.models import ClientGrant, Grant, Granted
from stitch_auth.tokens.rules import (
    Bearer,
    PresentedToken,
    RefreshTokens,
    Seeded,
    access_claims,
    read,
)
from stitch_common.clock import Clock
from stitch_common.security.principals import Role

__all__ = ["CLIENT_ID", "CLIENT_SCOPE", "PresentedToken", "TokenService"]

CLIENT_ID = "stitch-web"
"""People log in through one client; API keys are clients of their own."""
CLIENT_SCOPE = "api"


class TokenService:
    """Access tokens are signed, refresh tokens derived; neither is stored."""

    def __init__(self, keys: KeyService, clock: Clock, *, settings: AuthSettings) -> None:
        self._keys = keys
        self._clock = clock
        self._settings = settings
        self._refresh_tokens = RefreshTokens(settings.secret_keys)

    @property
    def key_id(self) -> str:
        """Which key a new session's refresh tokens are derived from."""
        return self._refresh_tokens.current_key_id

    async def grant(self, session: Granted, user: Bearer) -> Grant:
        """The session's current refresh token and a new access token."""
        now = self._clock()
        claims = access_claims(user, sid=session.sid, scope=session.scope, at=now)
        return Grant(
            access_token=await self._sign({**claims, "client_id": CLIENT_ID}, now),
            expires_in=int(self._settings.access_token_ttl.total_seconds()),
            scope=session.scope,
            refresh_token=self._refresh_tokens.make(session),
            delivery=session.delivery,
            refresh_expires_in=ceil((session.idle_expires_at - now).total_seconds()),
        )

    async def grant_client(
        self, owner: Bearer, *, client_id: str, sid: str, role: Role
    ) -> ClientGrant:
        """An access token for a program that acts for this user, with at most this role."""
        now = self._clock()
        claims = access_claims(owner, sid=sid, scope=CLIENT_SCOPE, at=now)
        claims |= {"client_id": client_id, "role": str(role)}
        return ClientGrant(
            access_token=await self._sign(claims, now),
            expires_in=int(self._settings.access_token_ttl.total_seconds()),
            scope=CLIENT_SCOPE,
        )

    async def _sign(self, claims: Mapping[str, Any], now: datetime) -> str:
        expires_at = now + self._settings.access_token_ttl
        issued = {
            "iss": self._settings.token_issuer,
            "aud": self._settings.token_audience,
            "exp": int(expires_at.timestamp()),
        }
        return await self._keys.sign({**claims, **issued})

    def read(self, refresh_token: str) -> PresentedToken | None:
        """What it claims to be; None if it can't be a refresh token."""
        return read(refresh_token)

    def is_genuine(self, presented: PresentedToken, session: Seeded) -> bool:
        """Whether it was made here, for this session, in whatever generation."""
        return self._refresh_tokens.is_genuine(presented, session)
