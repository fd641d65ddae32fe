"""Exchanging a refresh token for its successor and a new access token."""

from stitch_auth.accounts.models import User
from stitch_auth.audit.service import AuditTrail
from stitch_auth.callers.models import Caller
from stitch_auth.refreshing.errors import InvalidRefreshTokenError
from stitch_auth.refreshing.repository import RefreshRepository
from stitch_auth.sessions.models import Delivery, Session, Verdict
from stitch_auth.sessions.service import SessionService
from stitch_auth.settings import AuthSettings
from stitch_auth.tokens.models import Grant
from stitch_auth.tokens.service import PresentedToken, TokenService
from stitch_common.clock import Clock
from stitch_common.database import Database

REFRESH_ERRORS = (InvalidRefreshTokenError,)
"""What the exchange may answer."""

Use = tuple[Session, User, Verdict]
"""Of a genuine token: its session, whose that is, and what the token means now."""


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
            session, user, verdict = await self._judge(known, presented, delivery)
            if verdict is Verdict.CURRENT and not await self._rotate(known, session, caller):
                # Somebody has used it at the same moment: it is the previous one by now.
                session, user, verdict = await self._judge(known, presented, delivery)
        if verdict is Verdict.REPLAYED:
            await self._end(session, caller)
        if verdict not in {Verdict.CURRENT, Verdict.REPEATED}:
            raise InvalidRefreshTokenError
        return await self._tokens.grant(session, user)

    async def _judge(
        self, known: RefreshRepository, presented: PresentedToken, delivery: Delivery
    ) -> Use:
        found = await known.find(presented.sid)
        if found is None:
            raise InvalidRefreshTokenError
        session, user = found
        is_genuine = self._tokens.is_genuine(presented, session)
        if not is_genuine or session.delivery is not delivery:
            raise InvalidRefreshTokenError
        if not user.is_usable:
            return session, user, Verdict.ENDED
        grace = self._settings.refresh_grace
        return session, user, session.judge(presented.generation, self._clock(), grace=grace)

    async def _rotate(self, known: RefreshRepository, session: Session, caller: Caller) -> bool:
        at = self._clock()
        session.rotate(at)
        session.use(caller, at, idle_ttl=self._settings.refresh_idle_ttl)
        return await known.rotate(session, caller)

    async def _end(self, session: Session, caller: Caller) -> None:
        async with self._database.transaction() as transaction:
            trail = AuditTrail(transaction, self._clock, caller)
            subject = f"session:{session.sid}"
            trail.failed("session.refreshed", actor_id=session.user_id, subject=subject)
            await self._sessions.end(transaction, session.sid, reason="replayed", trail=trail)
