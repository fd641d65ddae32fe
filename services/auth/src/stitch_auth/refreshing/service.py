"""Exchanging a refresh token for its successor and a new access token."""

from stitch_auth.audit.service import AuditTrail
from stitch_auth.callers.models import Caller
from stitch_auth.refreshing.errors import InvalidRefreshTokenError
from stitch_auth.refreshing.models import Family, Verdict
from stitch_auth.refreshing.repository import RefreshRepository
from stitch_auth.sessions.models import Delivery
from stitch_auth.sessions.service import SessionService
from stitch_auth.settings import AuthSettings
from stitch_auth.tokens.models import Grant
from stitch_auth.tokens.service import PresentedToken, TokenService
from stitch_common.clock import Clock
from stitch_common.database import Database

REFRESH_ERRORS = (InvalidRefreshTokenError,)
"""What the exchange may answer."""

Use = tuple[Family, Verdict]
"""Of a genuine token: its family, and what it means to that now."""


class RefreshService:
    """Looks, decides, and writes on the condition that nothing has changed meanwhile.

    Two statements instead of a transaction with a lock: most refreshes are alone.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        settings: AuthSettings,
        tokens: TokenService,
        sessions: SessionService,
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._tokens = tokens
        self._sessions = sessions

    async def refresh(self, token: str, delivery: Delivery, caller: Caller) -> Grant:
        """Exchange a refresh token for its successor and a new access token.

        Of parallel uses one rotates and all get the same successor; an older token ends the
        session, because then two people have it (RFC 9700 §4.14).
        """
        presented = self._tokens.read(token)
        if presented is None:
            raise InvalidRefreshTokenError
        async with self._database.connection() as connection:
            known = RefreshRepository(connection)
            family, verdict = await self._judge(known, presented, delivery)
            if verdict is Verdict.CURRENT and not await self._rotate(known, family, caller):
                # Somebody has used it at the same moment: it is the previous one by now.
                family, verdict = await self._judge(known, presented, delivery)
        if verdict is Verdict.REPLAYED:
            await self._end(family, caller)
        if verdict not in {Verdict.CURRENT, Verdict.REPEATED}:
            raise InvalidRefreshTokenError
        return await self._tokens.grant(family, family.owner)

    async def _judge(
        self, known: RefreshRepository, presented: PresentedToken, delivery: Delivery
    ) -> Use:
        family = await known.find(presented.sid)
        if family is None or family.delivery is not delivery:
            raise InvalidRefreshTokenError
        if not self._tokens.is_genuine(presented, family):
            raise InvalidRefreshTokenError
        grace = self._settings.refresh_grace
        return family, family.judge(presented.generation, self._clock(), grace=grace)

    async def _rotate(self, known: RefreshRepository, family: Family, caller: Caller) -> bool:
        family.rotate(self._clock(), idle_ttl=self._settings.refresh_idle_ttl)
        return await known.rotate(family, caller)

    async def _end(self, family: Family, caller: Caller) -> None:
        async with self._database.transaction() as transaction:
            trail = AuditTrail(transaction, self._clock, caller)
            subject = f"session:{family.sid}"
            trail.failed("session.refreshed", actor_id=family.owner.id, subject=subject)
            await self._sessions.end(transaction, family.sid, reason="replayed", trail=trail)
