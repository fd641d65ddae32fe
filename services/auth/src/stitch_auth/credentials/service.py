"""Changing the password or the address, with the current password."""

from stitch_auth.accounts.models import User
from stitch_auth.accounts.service import told_of
from stitch_auth.audit.service import AuditTrail
from stitch_auth.callers.models import Caller
from stitch_auth.credentials.errors import AccountGoneError, WrongPasswordError
from stitch_auth.credentials.repository import CredentialsRepository
from stitch_auth.notices.service import About, give_notice
from stitch_auth.passwords.service import PasswordService
from stitch_auth.recovery.service import forget_resets
from stitch_auth.settings import AuthSettings
from stitch_auth.throttling.service import Throttle
from stitch_auth.verification.service import (
    EndsSessions,
    MailLimits,
    forget_verifications,
    request_verification,
)
from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.database import Database
from stitch_common.limits.models import Limit
from stitch_common.security.principals import Principal

CREDENTIAL_ERRORS = (WrongPasswordError, AccountGoneError)
"""What a route that asks for the current password may answer."""


class CredentialsService:
    """A stolen access token alone changes neither: the current password is asked for."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        settings: AuthSettings,
        passwords: PasswordService,
        throttle: Throttle,
        limits: MailLimits,
        sessions: EndsSessions,
    ) -> None:
        self._database = database
        self._clock = clock
        self._verification_ttl = settings.verification_ttl
        self._objection_ttl = settings.objection_ttl
        self._passwords = passwords
        self._throttle = throttle
        self._limits = limits
        self._sessions = sessions
        self._guesses = Limit("password-check", settings.login_limit, settings.login_window)

    async def check(self, principal: Principal, password: str, *, caller: Caller) -> None:
        """Let pass who knows the current password; WrongPasswordError."""
        await self._check(principal, password, "password", caller=caller)

    async def change_password(
        self, principal: Principal, current: str, wanted: str, *, caller: Caller
    ) -> None:
        """Set another password; all other sessions and mailed links end.

        WrongPasswordError, WeakPasswordError.
        """
        known = await self._check(principal, current, "current_password", caller=caller)
        await self._passwords.require_strength(
            wanted, [known.email, known.username, known.full_name]
        )
        password_hash = await self._passwords.hash(wanted)
        at = self._clock()
        async with self._database.transaction() as session:
            user = _usable(await CredentialsRepository(session).find(known.id, lock=True))
            if user.password_hash != known.password_hash:
                raise WrongPasswordError("current_password")  # somebody was faster
            user.set_password(password_hash, at)
            Outbox(session).add(told_of(user, ["password"]))
            trail = AuditTrail(session, self._clock, caller)
            trail.succeeded("password.changed", actor_id=user.id, subject=f"user:{user.id}")
            await forget_resets(session, user.id, at)
            await forget_verifications(session, user.id, at)
            await self._sessions.end_all_of(
                session,
                user.id,
                reason="password-changed",
                trail=trail,
                keep=principal.session_id,
            )
            await give_notice(
                session,
                user,
                About.PASSWORD_CHANGED,
                at=at,
                ttl=self._objection_ttl,
                caller=caller,
            )

    async def change_email(
        self, principal: Principal, password: str, email: str, *, caller: Caller
    ) -> None:
        """Ask the owner of another address to confirm it; whether it is taken does not show."""
        known = await self._check(principal, password, "password", caller=caller)
        async with self._limits.even_time():
            async with self._database.reading() as session:
                is_taken = await CredentialsRepository(session).is_taken(email)
            may_mail = await self._limits.may_mail("change-email", known)
            if may_mail and not is_taken:
                await self._ask(principal, email, caller)

    async def _ask(self, principal: Principal, email: str, caller: Caller) -> None:
        async with self._database.transaction() as session:
            user = _usable(await CredentialsRepository(session).find(principal.user_id, lock=True))
            await request_verification(
                session,
                user,
                at=self._clock(),
                ttl=self._verification_ttl,
                new_email=email,
                asked_in=principal.session_id,
            )
            trail = AuditTrail(session, self._clock, caller)
            trail.succeeded(
                "user.email_change_requested", actor_id=user.id, subject=f"user:{user.id}"
            )

    async def _check(
        self, principal: Principal, password: str, field: str, *, caller: Caller
    ) -> User:
        """The principal's account, if this is its password."""
        await self._throttle.admit(self._guesses, str(principal.user_id))
        async with self._database.reading() as session:
            user = _usable(await CredentialsRepository(session).find(principal.user_id))
        if not (await self._passwords.verify(password, user.password_hash)).is_right:
            async with self._database.transaction() as session:
                trail = AuditTrail(session, self._clock, caller)
                trail.failed("password.checked", actor_id=user.id, subject=f"user:{user.id}")
            raise WrongPasswordError(field)
        return user


def _usable(user: User | None) -> User:
    if user is None or not user.is_usable:
        raise AccountGoneError
    return user
