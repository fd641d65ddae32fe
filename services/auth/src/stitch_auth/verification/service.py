"""Confirming that an address belongs to the owner of an account."""

from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User
from stitch_auth.accounts.service import told_of
from stitch_auth.audit.service import AuditTrail
from stitch_auth.callers.models import Caller
from stitch_auth.evenness.service import evenly
from stitch_auth.notices.service import About, open_notice
from stitch_auth.settings import AuthSettings
from stitch_auth.throttling.service import Throttle
from stitch_auth.verification.errors import EmailTakenError, LinkAlreadyUsedError
from stitch_auth.verification.models import EmailVerification
from stitch_auth.verification.repository import VerificationRepository
from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts.auth import (
    EmailChanged,
    EmailVerificationRequested,
    UserVerified,
)
from stitch_common.database import Database
from stitch_common.limits.models import Limit
from stitch_common.security.links import InvalidLinkError, LinkSigner

PURPOSE = "verify-email"
VERIFICATION_ERRORS = (InvalidLinkError, LinkAlreadyUsedError, EmailTakenError)
"""What a route that confirms an address may answer."""
ALREADY_USED = LinkAlreadyUsedError


class EndsSessions(Protocol):
    """What a change of how somebody logs in needs of the sessions."""

    async def end_all_of(
        self,
        session: AsyncSession,
        user_id: int,
        *,
        reason: str,
        trail: AuditTrail,
        keep: str | None = None,
    ) -> None: ...


class ForgetsResets(Protocol):
    """What a change of address needs of the mails that went to the old one."""

    async def __call__(self, session: AsyncSession, user_id: int, at: datetime) -> None: ...


class MailLimits:
    """How often strangers may cause mail: from one network, and to one address."""

    def __init__(self, throttle: Throttle, settings: AuthSettings) -> None:
        self._throttle = throttle
        self._per_network = Limit(
            "registration", settings.registration_limit, settings.registration_window
        )
        self._cool_down = settings.mail_cool_down
        self._answer_after = settings.mail_answer_after

    def even_time(self) -> AbstractAsyncContextManager[None]:
        """Let what happens within take as long whatever happens: an address stays a secret."""
        return evenly(self._answer_after)

    async def admit(self, caller: Caller) -> None:
        await self._throttle.admit(self._per_network, caller.network)

    async def may_mail(self, kind: str, user: User) -> bool:
        """Whether this address may get such a mail now; whoever asks must not see the answer."""
        limit = Limit(f"mail-{kind}", 1, self._cool_down)
        return await self._throttle.has_room(limit, user.email_key)


class VerificationService:
    """Confirms that an address belongs to who registered with it."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        settings: AuthSettings,
        links: LinkSigner,
        limits: MailLimits,
        sessions: EndsSessions,
        forget_resets: ForgetsResets,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ttl, self._objection_ttl = settings.verification_ttl, settings.objection_ttl
        self._links = links
        self._limits = limits
        self._sessions = sessions
        self._forget_resets = forget_resets

    async def inspect(self, token: str) -> str:
        """Which address a link would confirm; changes nothing. Raises as `confirm` does."""
        async with self._database.reading() as session:
            verification = await self._genuine(session, token)
            user = await VerificationRepository(session).find_user(verification.user_id)
            confirmable = _confirmable(user, verification, self._clock())
            return verification.new_email or confirmable.email

    async def confirm(self, token: str, caller: Caller) -> User:
        """Confirm an address, once; InvalidLinkError, or LinkAlreadyUsedError ever after.

        A new address counts from now on: the old one is told, and what was mailed to it before
        counts no more. All sessions but the one that asked for it end.
        """
        at = self._clock()
        async with self._database.transaction() as session:
            verification = await self._genuine(session, token)
            users = VerificationRepository(session)
            user = await users.find_user(verification.user_id, lock=True)
            if user is None:  # and the link's own row with it
                raise InvalidLinkError
            await session.refresh(verification)
            user = _confirmable(user, verification, at)
            verification.used_at = at
            trail = AuditTrail(session, self._clock, caller)
            if verification.new_email is not None:
                await self._replace_address(session, user, verification, trail=trail)
                return user
            if user.verify(at):
                Outbox(session).add(verified(user))
            trail.succeeded("user.verified", actor_id=user.id, subject=f"user:{user.id}")
        return user

    async def _replace_address(
        self,
        session: AsyncSession,
        user: User,
        verification: EmailVerification,
        *,
        trail: AuditTrail,
    ) -> None:
        at, old, new = self._clock(), user.email, str(verification.new_email)
        users = VerificationRepository(session)
        await users.change_email(user, new, at)
        await users.supersede_all(user.id, at)
        await self._forget_resets(session, user.id, at)
        notice = await open_notice(
            session, user, About.EMAIL_CHANGED, at=at, ttl=self._objection_ttl, email=old
        )
        Outbox(session).add(told_of(user, ["email"]))
        Outbox(session).add(
            EmailChanged(
                user_id=user.id,
                old_email=old,
                email=new,
                full_name=user.full_name,
                notice_id=notice.id,
                notice_expires_at=notice.expires_at,
                at=at,
            )
        )
        trail.succeeded("user.email_changed", actor_id=user.id, subject=f"user:{user.id}")
        await self._sessions.end_all_of(
            session, user.id, reason="email-changed", trail=trail, keep=verification.asked_in
        )

    async def resend(self, email: str, caller: Caller) -> None:
        """Send another mail, which makes the earlier ones worthless, if there is a reason to."""
        async with self._limits.even_time():
            await self._limits.admit(caller)
            async with self._database.reading() as session:
                user = await VerificationRepository(session).find_by_email(email)
            if user and _may_confirm(user) and await self._limits.may_mail(PURPOSE, user):
                await self._send_again(user.id, caller)

    async def _send_again(self, user_id: int, caller: Caller) -> None:
        async with self._database.transaction() as session:
            user = await VerificationRepository(session).find_user(user_id, lock=True)
            if user is None or not _may_confirm(user):
                return
            await request_verification(session, user, at=self._clock(), ttl=self._ttl)
            trail = AuditTrail(session, self._clock, caller)
            trail.succeeded("user.verification_sent", actor_id=None, subject=f"user:{user.id}")

    async def _genuine(self, session: AsyncSession, token: str) -> EmailVerification:
        link = self._links.verify(token, PURPOSE)
        verification = await VerificationRepository(session).find(link.id)
        if verification is None:
            raise InvalidLinkError
        return verification


async def request_verification(
    session: AsyncSession,
    user: User,
    *,
    at: datetime,
    ttl: timedelta,
    new_email: str | None = None,
    asked_in: str | None = None,
) -> None:
    """Ask the owner of the user's address, or of the new one, in the transaction of the reason."""
    verification = EmailVerification(
        user_id=user.id,
        email_key=user.email_key,
        new_email=new_email,
        asked_in=asked_in,
        created_at=at,
        expires_at=at + ttl,
    )
    await VerificationRepository(session).add(verification)
    fact = EmailVerificationRequested(
        user_id=user.id,
        verification_id=verification.id,
        email=new_email or user.email,
        full_name=user.full_name,
        expires_at=verification.expires_at,
        at=at,
    )
    Outbox(session).add(fact)


def _may_confirm(user: User) -> bool:
    return user.is_usable and not user.is_verified


def _confirmable(user: User | None, verification: EmailVerification, at: datetime) -> User:
    if verification.used_at is not None:
        raise LinkAlreadyUsedError
    # A new address is asked for beside the old one, which may change in the meantime as well.
    is_genuine = user is not None and user.email_key == verification.email_key
    if user is None or not is_genuine or not user.is_usable or not verification.counts_at(at):
        raise InvalidLinkError
    return user


async def forget_verifications(session: AsyncSession, user_id: int, at: datetime) -> None:
    """Make all verification mails of a user worthless."""
    await VerificationRepository(session).supersede_all(user_id, at)


def verified(user: User) -> UserVerified:
    return UserVerified(user_id=user.id, version=user.version, at=user.updated_at)
