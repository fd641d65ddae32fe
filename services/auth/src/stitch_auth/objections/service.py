"""Taking an account back from whoever did something with it."""

import secrets
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User
from stitch_auth.accounts.service import told_of
from stitch_auth.apikeys.service import revoke_keys_of
from stitch_auth.audit.service import AuditTrail
from stitch_auth.callers.models import Caller
from stitch_auth.mfa.service import forget_factor_since
from stitch_auth.notices.models import Notice
from stitch_auth.objections.errors import AddressLostError, AlreadyObjectedError
from stitch_auth.objections.repository import ObjectionRepository
from stitch_auth.passwords.service import PasswordService
from stitch_auth.recovery.service import forget_resets, request_reset
from stitch_auth.settings import AuthSettings
from stitch_auth.verification.service import EndsSessions, forget_verifications
from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts.auth import UserDeleted
from stitch_common.database import Database
from stitch_common.security.links import InvalidLinkError, LinkSigner

PURPOSE = "not-me"
OBJECTION_ERRORS = (InvalidLinkError, AlreadyObjectedError, AddressLostError)
"""What a route that takes an objection may answer."""
ALREADY_OBJECTED, ADDRESS_LOST = AlreadyObjectedError, AddressLostError


class ObjectionService:
    """Who reads an owner's mail may lock everybody out, and set a new password."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        settings: AuthSettings,
        passwords: PasswordService,
        links: LinkSigner,
        sessions: EndsSessions,
    ) -> None:
        self._database = database
        self._clock = clock
        self._reset_ttl = settings.reset_ttl
        self._passwords = passwords
        self._links = links
        self._sessions = sessions

    async def inspect(self, token: str) -> Notice:
        """What a link objects to; changes nothing. Raises as `confirm` does."""
        async with self._database.reading() as session:
            notice = await self._genuine(session, token)
            user = await ObjectionRepository(session).find_user(notice.user_id)
            _objecting(user, notice, self._clock())
        return notice

    async def confirm(self, token: str, caller: Caller) -> None:
        """Take the account back, once; InvalidLinkError, AlreadyObjectedError, AddressLostError.

        All sessions and API keys end, no password works until its owner sets one by mail, and the
        account has the address again to which the notice went. A second factor and notices that
        came later count no more.
        """
        await self.inspect(token)
        nobodys_password = await self._passwords.hash(secrets.token_urlsafe())
        async with self._database.transaction() as session:
            notice = await self._genuine(session, token)
            objections = ObjectionRepository(session)
            user = await objections.find_user(notice.user_id, lock=True)
            if user is None:  # and the link's own row with it
                raise InvalidLinkError
            await session.refresh(notice)
            user = _objecting(user, notice, self._clock())
            notice.used_at = self._clock()
            await objections.supersede_younger(notice, self._clock())
            trail = AuditTrail(session, self._clock, caller)
            subject = f"user:{user.id}"
            trail.succeeded("notice.objected", actor_id=user.id, subject=subject, to=notice.about)
            changed = ["password"] if user.owns(notice.email) else ["email", "password"]
            is_back = await self._restore_address(session, user, notice, trail=trail)
            user.set_password(nobodys_password, self._clock())
            await forget_factor_since(session, user.id, notice.created_at, trail=trail)
            await self._log_out_everybody(session, user, trail=trail)
            Outbox(session).add(told_of(user, changed))
            if is_back:
                until = self._clock() + self._reset_ttl
                await request_reset(session, user, at=self._clock(), until=until)
        # After the commit: whoever did it is logged out, and the mail would go to them.
        if not is_back:
            raise AddressLostError

    async def _log_out_everybody(
        self, session: AsyncSession, user: User, *, trail: AuditTrail
    ) -> None:
        at = self._clock()
        await forget_verifications(session, user.id, at)
        await forget_resets(session, user.id, at)
        await self._sessions.end_all_of(session, user.id, reason="objected", trail=trail)
        await revoke_keys_of(session, user.id, at, trail=trail)

    async def _restore_address(
        self, session: AsyncSession, user: User, notice: Notice, *, trail: AuditTrail
    ) -> bool:
        """Whether the account has the address now that it had then."""
        if user.owns(notice.email):
            return True
        at = self._clock()
        objections = ObjectionRepository(session)
        # Whoever took the account away can register with its address, but not confirm it.
        squatter = await objections.lock_squatter(notice.email, beside=user)
        if squatter is not None:
            squatter.remove(at)
            Outbox(session).add(UserDeleted(user_id=squatter.id, version=squatter.version, at=at))
            trail.succeeded("user.deleted", actor_id=user.id, subject=f"user:{squatter.id}")
            await self._sessions.end_all_of(session, squatter.id, reason="deleted", trail=trail)
            await session.flush()
        try:
            await objections.restore_email(user, notice.email, at)
        except AddressLostError:
            trail.failed("user.email_restored", actor_id=user.id, subject=f"user:{user.id}")
            return False
        trail.succeeded("user.email_restored", actor_id=user.id, subject=f"user:{user.id}")
        return True

    async def _genuine(self, session: AsyncSession, token: str) -> Notice:
        link = self._links.verify(token, PURPOSE)
        notice = await ObjectionRepository(session).find(link.id)
        if notice is None:
            raise InvalidLinkError
        return notice


def _objecting(user: User | None, notice: Notice, at: datetime) -> User:
    if notice.used_at is not None:
        raise AlreadyObjectedError
    if user is None or not user.is_usable or not notice.counts_at(at):
        raise InvalidLinkError
    return user
