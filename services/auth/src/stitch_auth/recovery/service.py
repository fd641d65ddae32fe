"""Setting a new password by a mailed link."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User
from stitch_auth.audit.service import AuditTrail
from stitch_auth.callers.models import Caller
from stitch_auth.notices.service import About, give_notice
from stitch_auth.passwords.service import PasswordService
from stitch_auth.recovery.models import PasswordReset
from stitch_auth.recovery.repository import RecoveryRepository
from stitch_auth.settings import AuthSettings
from stitch_auth.verification.service import (
    EndsSessions,
    MailLimits,
    forget_verifications,
    verified,
)
from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts.auth import PasswordResetCompleted, PasswordResetRequested
from stitch_common.database import Database
from stitch_common.security.links import InvalidLinkError, LinkSigner

PURPOSE = "reset-password"


class RecoveryService:
    """Lets the owner of an address set the password of its account."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        settings: AuthSettings,
        passwords: PasswordService,
        links: LinkSigner,
        limits: MailLimits,
        sessions: EndsSessions,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ttl, self._objection_ttl = settings.reset_ttl, settings.objection_ttl
        self._passwords = passwords
        self._links = links
        self._limits = limits
        self._sessions = sessions

    async def request(self, email: str, caller: Caller) -> None:
        """Send a mail if there is an account; the answer and its time do not tell."""
        async with self._limits.even_time():
            await self._limits.admit(caller)
            async with self._database.reading() as session:
                user = await RecoveryRepository(session).find_by_email(email)
            is_known = user is not None and user.is_usable
            may_mail = is_known and user and await self._limits.may_mail(PURPOSE, user)
            await self._note_wish(user.id if user and may_mail else None, caller)

    async def _note_wish(self, user_id: int | None, caller: Caller) -> None:
        async with self._database.transaction() as session:
            trail = AuditTrail(session, self._clock, caller)
            if user_id is None:
                trail.failed("password.reset_requested", actor_id=None)
                return
            user = await RecoveryRepository(session).find_user(user_id, lock=True)
            if user is not None and user.is_usable:
                await request_reset(
                    session, user, at=self._clock(), until=self._clock() + self._ttl
                )
                trail.succeeded(
                    "password.reset_requested", actor_id=None, subject=f"user:{user.id}"
                )

    async def inspect(self, token: str) -> User:
        """Whose password a link would set; changes nothing. InvalidLinkError."""
        async with self._database.reading() as session:
            reset = await self._genuine(session, token)
            user = await RecoveryRepository(session).find_user(reset.user_id)
            return _recoverable(user, reset, self._clock())

    async def confirm(self, token: str, password: str, caller: Caller) -> None:
        """Set the password, once; all sessions end. InvalidLinkError, WeakPasswordError.

        Who reads the mail owns the address, so it counts as confirmed as well.
        """
        known = await self.inspect(token)
        await self._passwords.require_strength(
            password, [known.email, known.username, known.full_name]
        )
        password_hash = await self._passwords.hash(password)
        at = self._clock()
        async with self._database.transaction() as session:
            reset = await self._genuine(session, token)
            recovery = RecoveryRepository(session)
            user = await recovery.find_user(reset.user_id, lock=True)
            if user is None:  # and the link's own row with it
                raise InvalidLinkError
            await session.refresh(reset)
            user = _recoverable(user, reset, at)
            reset.used_at = at
            user.set_password(password_hash, at)
            if user.verify(at):
                Outbox(session).add(verified(user))
            else:  # else it is the account's first password
                await give_notice(
                    session,
                    user,
                    About.PASSWORD_RESET,
                    at=at,
                    ttl=self._objection_ttl,
                    caller=caller,
                )
            Outbox(session).add(PasswordResetCompleted(user_id=user.id, at=at))
            trail = AuditTrail(session, self._clock, caller)
            trail.succeeded("password.reset", actor_id=user.id, subject=f"user:{user.id}")
            await forget_verifications(session, user.id, at)
            await self._sessions.end_all_of(session, user.id, reason="password-reset", trail=trail)

    async def _genuine(self, session: AsyncSession, token: str) -> PasswordReset:
        link = self._links.verify(token, PURPOSE)
        reset = await RecoveryRepository(session).find(link.id)
        if reset is None:
            raise InvalidLinkError
        return reset


async def request_reset(
    session: AsyncSession,
    user: User,
    *,
    at: datetime,
    until: datetime,
    is_invitation: bool = False,
) -> None:
    """Ask for the mail to this user, in the transaction of the reason for it."""
    reset = PasswordReset(user_id=user.id, created_at=at, expires_at=until)
    await RecoveryRepository(session).add(reset)
    Outbox(session).add(
        PasswordResetRequested(
            user_id=user.id,
            reset_id=reset.id,
            email=user.email,
            full_name=user.full_name,
            expires_at=until,
            is_invitation=is_invitation,
            at=at,
        )
    )


async def forget_resets(session: AsyncSession, user_id: int, at: datetime) -> None:
    """Make all reset mails of a user worthless."""
    await RecoveryRepository(session).supersede_all(user_id, at)


def _recoverable(user: User | None, reset: PasswordReset, at: datetime) -> User:
    if user is None or not user.is_usable or not reset.counts_at(at):
        raise InvalidLinkError
    return user
