"""Logging in, staying logged in, logging out."""

from dataclasses import replace
from datetime import datetime

from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User
from stitch_auth.audit.service import AuditTrail
from stitch_auth.callers.models import Caller
from stitch_auth.evenness.service import evenly
from stitch_auth.mfa.service import MFA_ERRORS, SecondFactorService
from stitch_auth.passwords.service import PasswordService
from stitch_auth.recovery.service import forget_resets, request_reset
from stitch_auth.sessions.errors import (
    AccountDeactivatedError,
    EmailNotVerifiedError,
    InvalidCredentialsError,
    SessionNotFoundError,
)
from stitch_auth.sessions.models import Credentials, Delivery, Login, Session
from stitch_auth.sessions.repository import LoginRepository, SessionRepository
from stitch_auth.sessions.rules import OFFLINE, granted_scope
from stitch_auth.settings import AuthSettings
from stitch_auth.throttling.models import Attempt
from stitch_auth.throttling.service import THROTTLING_ERRORS, LoginThrottle
from stitch_auth.tokens.models import Grant
from stitch_auth.tokens.service import TokenService
from stitch_auth.verification.service import forget_verifications
from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts.auth import (
    LoginFailed,
    LoginSucceeded,
    LoginThrottled,
    SessionRevoked,
    TokenRevoked,
)
from stitch_common.database import Database
from stitch_common.errors import StitchError
from stitch_common.security.principals import Principal

LOGINS = Counter("stitch_auth_logins", "Log-ins by how they ended", ["outcome"])


class LoginService:
    """Checks passwords; who does not know them learns nothing about accounts."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        settings: AuthSettings,
        passwords: PasswordService,
        throttle: LoginThrottle,
        tokens: TokenService,
        factors: SecondFactorService,
    ) -> None:
        self._factors = factors
        self._database = database
        self._logins = LoginRepository(database)
        self._clock = clock
        self._settings = settings
        self._passwords = passwords
        self._throttle = throttle
        self._tokens = tokens

    async def log_in(self, credentials: Credentials, caller: Caller) -> Grant:
        """Begin a session; a throttled caller is refused before the password is looked at.

        After too many wrong passwords from anywhere the right one is as wrong, until its owner,
        who is told by mail, sets a new one.
        """
        # Not within the turn: who waits takes nobody's place.
        async with (
            evenly(self._settings.mail_answer_after, only_on=InvalidCredentialsError),
            self._passwords.turn(),
        ):
            return await self._log_in(credentials, caller)

    async def _log_in(self, credentials: Credentials, caller: Caller) -> Grant:
        user = await self._logins.find(credentials.login)
        attempt = await self._admit(user, credentials, caller)
        may_try = await self._count_attempt(user, attempt)
        verdict = await self._passwords.verify(
            credentials.password, user.password_hash if user else None
        )
        if user is None or not verdict.is_right or not may_try:
            reason = "wrong-credentials" if may_try or user is None else "reset-required"
            await self._note_failure(user, caller, reason)
            raise InvalidCredentialsError
        if refusal := _why_not(user):
            await self._note_failure(user, caller, refusal.code)
            raise refusal
        rehashed = None
        if verdict.is_outdated:
            rehashed = await self._passwords.hash(credentials.password)
        try:
            session = await self._begin(user, credentials, caller, rehashed=rehashed)
        except MFA_ERRORS as error:
            await self._note_failure(user, caller, error.code)
            raise
        await self._throttle.forgive(attempt)
        LOGINS.labels("succeeded").inc()
        grant = await self._tokens.grant(session, user)
        return replace(grant, device_mark=self._throttle.mark_device(user.id))

    async def _admit(self, user: User | None, credentials: Credentials, caller: Caller) -> Attempt:
        user_id = user.id if user else None
        try:
            return await self._throttle.admit(user_id, credentials.login, caller)
        except THROTTLING_ERRORS:
            LOGINS.labels("throttled").inc()
            if await self._throttle.is_news(user_id, caller):
                await self._note_throttled(user_id, caller)
            raise

    async def _note_throttled(self, user_id: int | None, caller: Caller) -> None:
        async with self._database.transaction() as transaction:
            trail = AuditTrail(transaction, self._clock, caller)
            trail.failed("login", actor_id=user_id, reason="throttled")
            if user_id is not None:
                Outbox(transaction).add(LoginThrottled(user_id=user_id, at=self._clock()))

    async def _count_attempt(self, user: User | None, attempt: Attempt) -> bool:
        """Whether the account's password may still be tried; counted first, so also in parallel."""
        limit = attempt.most_failures
        # The last one has a consequence; it takes the long way.
        if await self._logins.count_attempt(user.id if user else None, below=limit - 1):
            return True
        if user is None or user.failed_logins >= limit:
            return False
        return await self._count_last_attempt(user.id, limit)

    async def _count_last_attempt(self, user_id: int, limit: int) -> bool:
        async with self._database.transaction() as transaction:
            sessions = SessionRepository(transaction)
            user = await sessions.lock_user(user_id)
            count = await sessions.count_attempt(user_id, up_to=limit)
            if user is not None and count == limit:
                at = self._clock()
                until = at + self._settings.reset_ttl
                await request_reset(transaction, user, at=at, until=until)
        return count is not None

    async def _note_failure(self, user: User | None, caller: Caller, reason: str) -> None:
        LOGINS.labels("failed").inc()
        at, user_id = self._clock(), user.id if user else None
        fact = LoginFailed(user_id=user_id, at=at) if user_id is not None else None
        # What was typed is not kept: it may be a password in the wrong field.
        await self._logins.fail(user_id, caller, fact, at=at, reason=reason)

    async def _begin(
        self, checked: User, credentials: Credentials, caller: Caller, *, rehashed: str | None
    ) -> Session:
        at = self._clock()
        granted = granted_scope(credentials.scope)
        session = Session.begin(
            checked.id,
            key_id=self._tokens.key_id,
            delivery=Delivery.BODY if OFFLINE in granted else Delivery.COOKIE,
            scope=granted,
            at=at,
            lasts=self._settings.refresh_absolute_ttl,
        )
        session.use(caller, at, idle_ttl=self._settings.refresh_idle_ttl)
        login = Login(checked, session, rehashed)
        if not await self._logins.begin(login, _told(session)):
            await self._begin_with_care(login, caller, credentials.otp)
        return session

    async def _begin_with_care(self, login: Login, caller: Caller, otp: str | None) -> None:
        checked, session = login.checked, login.session
        async with self._database.transaction() as transaction:
            sessions = SessionRepository(transaction)
            user = await sessions.lock_user(checked.id)
            # Somebody may have changed the password or closed the account since it was checked.
            if user is None or not user.is_usable or user.password_hash != checked.password_hash:
                raise InvalidCredentialsError
            await self._factors.require(transaction, user.id, otp)
            user.last_login_at, user.failed_logins = session.created_at, 0
            user.password_hash = login.rehashed or user.password_hash
            await sessions.add(session)
            trail = AuditTrail(transaction, self._clock, caller)
            trail.succeeded("login", actor_id=user.id, subject=f"session:{session.sid}")
            Outbox(transaction).add(_told(session))


class SessionService:
    """Shows sessions, and ends them."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock

    async def log_out(self, principal: Principal, caller: Caller) -> None:
        """End the session of this access token, if it has not ended; a key's token has none."""
        async with self._database.transaction() as transaction:
            trail = AuditTrail(transaction, self._clock, caller)
            session = await SessionRepository(transaction).lock(principal.session_id)
            if session is None:
                _revoke_token(transaction, principal, self._clock(), trail)
            else:
                self._end(transaction, session, reason="logout", trail=trail)

    async def log_out_everywhere(self, principal: Principal, caller: Caller) -> None:
        """End all sessions; who wants somebody out wants no link of theirs to work either."""
        at = self._clock()
        async with self._database.transaction() as transaction:
            # Before what is the user's, like everybody who changes that.
            await SessionRepository(transaction).lock_user(principal.user_id)
            trail = AuditTrail(transaction, self._clock, caller)
            await forget_resets(transaction, principal.user_id, at)
            await forget_verifications(transaction, principal.user_id, at)
            await self.end_all_of(transaction, principal.user_id, reason="logout-all", trail=trail)

    async def list_live(self, principal: Principal) -> list[Session]:
        async with self._database.reading() as transaction:
            return await SessionRepository(transaction).find_live(principal.user_id, self._clock())

    async def end_own(self, principal: Principal, sid: str, caller: Caller) -> None:
        """End one of the principal's sessions; SessionNotFoundError if it is not theirs."""
        async with self._database.transaction() as transaction:
            session = await SessionRepository(transaction).lock(sid)
            if session is None or session.user_id != principal.user_id:
                raise SessionNotFoundError
            trail = AuditTrail(transaction, self._clock, caller)
            if not self._end(transaction, session, reason="ended", trail=trail):
                raise SessionNotFoundError

    async def end(
        self, transaction: AsyncSession, sid: str, *, reason: str, trail: AuditTrail
    ) -> None:
        """End a session, if it has not ended, in the transaction of the reason for it."""
        session = await SessionRepository(transaction).lock(sid)
        if session is not None:
            self._end(transaction, session, reason=reason, trail=trail)

    async def end_all_of(
        self,
        session: AsyncSession,
        user_id: int,
        *,
        reason: str,
        trail: AuditTrail,
        keep: str | None = None,
    ) -> None:
        """End every session of a user but one, in the transaction of the reason for it."""
        at = self._clock()
        sessions = SessionRepository(session)
        for sid in await sessions.end_all(user_id, at, reason=reason, keep=keep):
            _tell(session, SessionRevoked(sid=sid, user_id=user_id, reason=reason, at=at), trail)

    def _end(
        self, transaction: AsyncSession, session: Session, *, reason: str, trail: AuditTrail
    ) -> bool:
        at = self._clock()
        if not session.end(at, reason):
            return False
        fact = SessionRevoked(sid=session.sid, user_id=session.user_id, reason=reason, at=at)
        _tell(transaction, fact, trail)
        return True


def _told(session: Session) -> LoginSucceeded:
    return LoginSucceeded(user_id=session.user_id, sid=session.sid, at=session.created_at)


def _tell(transaction: AsyncSession, fact: SessionRevoked, trail: AuditTrail) -> None:
    Outbox(transaction).add(fact)
    trail.succeeded(
        "session.ended", actor_id=fact.user_id, subject=f"session:{fact.sid}", reason=fact.reason
    )


def _revoke_token(
    transaction: AsyncSession, principal: Principal, at: datetime, trail: AuditTrail
) -> None:
    jti = principal.token_id
    Outbox(transaction).add(TokenRevoked(jti=jti, expires_at=principal.expires_at, at=at))
    trail.succeeded("token.revoked", actor_id=principal.user_id, subject=f"token:{jti}")


def _why_not(user: User) -> StitchError | None:
    if not user.is_usable:
        return AccountDeactivatedError()
    return None if user.is_verified else EmailNotVerifiedError()
