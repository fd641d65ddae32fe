"""From nothing to an account with a confirmed e-mail address."""

import secrets

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User
from stitch_auth.audit.service import AuditTrail
from stitch_auth.callers.models import Caller
from stitch_auth.notices.service import About, Notice, open_notice
from stitch_auth.passwords.service import PasswordService
from stitch_auth.recovery.service import request_reset
from stitch_auth.registration.errors import (
    EmailKnownError,
    InvitationRequiredError,
    RegistrationClosedError,
    UsernameTakenError,
)
from stitch_auth.registration.models import WantedName
from stitch_auth.registration.repository import RegistrationRepository
from stitch_auth.registration.schemas import Invitation, Registration
from stitch_auth.settings import AuthSettings, BootstrapUser
from stitch_auth.verification.service import MailLimits, request_verification, verified
from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts.auth import (
    RegistrationRepeated,
    UserRegistered,
)
from stitch_common.database import Database
from stitch_common.security.principals import Principal


class RegistrationService:
    """Registers people without telling anybody which addresses are known."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        settings: AuthSettings,
        passwords: PasswordService,
        limits: MailLimits,
    ) -> None:
        self._database = database
        self._clock = clock
        self._settings = settings
        self._passwords = passwords
        self._limits = limits

    async def register(self, wanted: Registration, caller: Caller) -> None:
        """Make an account, or tell the owner of a known address that somebody tried.

        Whether a username is taken does not depend on the address, and neither does whether it is
        from now on: only who repeats their own registration, and proves it by the password, is not
        told UsernameTakenError.
        """
        self._require_open_registration()
        await self._limits.admit(caller)
        password = wanted.password.get_secret_value()
        context = [wanted.email, wanted.username, wanted.full_name]
        await self._passwords.require_strength(password, context)
        async with self._limits.even_time():
            await self._register(wanted, password, caller)

    async def _register(self, wanted: Registration, password: str, caller: Caller) -> None:
        holder = await self._find_holder(wanted.username)
        if holder is not None:
            await self._require_same_person(holder, wanted.email, password)
            await self._tell_owner(wanted.email, caller)
            return
        user = User.create(
            email=wanted.email,
            username=wanted.username,
            full_name=wanted.full_name or wanted.username,
            role=self._settings.default_role,
            password_hash=await self._passwords.hash(password),
            at=self._clock(),
        )
        try:
            await self._create(user, caller)
        except EmailKnownError:
            await self._take_name(user)
            await self._tell_owner(wanted.email, caller)

    async def invite(self, wanted: Invitation, admin: Principal, caller: Caller) -> User:
        """Make an account whose owner sets the password by mail.

        EmailKnownError, UsernameTakenError.
        """
        # Nobody knows this password, and log-ins with a wrong one take as long as with others.
        password_hash = await self._passwords.hash(secrets.token_urlsafe())
        at = self._clock()
        user = User.create(
            email=wanted.email,
            username=wanted.username,
            full_name=wanted.full_name or wanted.username,
            role=wanted.role,
            password_hash=password_hash,
            at=at,
            is_invited=True,
        )
        async with self._database.transaction() as session:
            await self._add(session, user, caller=caller)
            until = at + self._settings.invitation_ttl
            await request_reset(session, user, at=at, until=until, is_invitation=True)
            trail = AuditTrail(session, self._clock, caller)
            trail.succeeded("user.invited", actor_id=admin.user_id, subject=f"user:{user.id}")
        return user

    async def ensure(self, wanted: BootstrapUser) -> bool:
        """Make a verified account unless its username or address is known; tells whether."""
        async with self._database.reading() as session:
            users = RegistrationRepository(session)
            if await users.find_by_username(wanted.username):
                return False
            if await users.find_by_email(wanted.email):
                return False
        password_hash = await self._passwords.hash(wanted.password.get_secret_value())
        user = User.create(
            email=wanted.email,
            username=wanted.username,
            full_name=wanted.full_name,
            role=wanted.role,
            password_hash=password_hash,
            at=self._clock(),
        )
        try:
            async with self._database.transaction() as session:
                await self._add(session, user, caller=None)
                user.verify(self._clock())
                Outbox(session).add(verified(user))
        except (EmailKnownError, UsernameTakenError):
            return False
        return True

    def _require_open_registration(self) -> None:
        if self._settings.registration == "closed":
            raise RegistrationClosedError
        if self._settings.registration == "invite":
            raise InvitationRequiredError

    async def _find_holder(self, username: str) -> User | WantedName | None:
        async with self._database.reading() as session:
            return await RegistrationRepository(session).find_holder(username)

    async def _require_same_person(
        self, holder: User | WantedName, email: str, password: str
    ) -> None:
        # As slow for any other address: the time must not tell whose username this is.
        stored = holder.password_hash if holder.owns(email) else None
        if not (await self._passwords.verify(password, stored)).is_right:
            raise UsernameTakenError

    async def _create(self, user: User, caller: Caller) -> None:
        async with self._database.transaction() as session:
            await self._add(session, user, caller=caller)
            await request_verification(
                session, user, at=self._clock(), ttl=self._settings.verification_ttl
            )

    async def _take_name(self, user: User) -> None:
        async with self._database.transaction() as session:
            await RegistrationRepository(session).want(WantedName.of(user))

    async def _add(self, session: AsyncSession, user: User, *, caller: Caller | None) -> None:
        await RegistrationRepository(session).add(user)
        Outbox(session).add(_registered(user))
        trail = AuditTrail(session, self._clock, caller)
        trail.succeeded("user.registered", actor_id=user.id, subject=f"user:{user.id}")

    async def _tell_owner(self, email: str, caller: Caller) -> None:
        async with self._database.reading() as session:
            owner = await RegistrationRepository(session).find_by_email(email)
        if owner is None or not await self._limits.may_mail("registration-repeated", owner):
            return
        async with self._database.transaction() as session:
            at, ttl = self._clock(), self._settings.objection_ttl
            notice = await open_notice(session, owner, About.REGISTRATION_REPEATED, at=at, ttl=ttl)
            Outbox(session).add(_repeated(owner, notice))
            trail = AuditTrail(session, self._clock, caller)
            trail.failed("user.registered", actor_id=None, subject=f"user:{owner.id}")


def _registered(user: User) -> UserRegistered:
    return UserRegistered(
        user_id=user.id,
        version=user.version,
        email=user.email,
        username=user.username,
        full_name=user.full_name,
        role=user.role,
        at=user.created_at,
    )


def _repeated(owner: User, notice: Notice) -> RegistrationRepeated:
    return RegistrationRepeated(
        user_id=owner.id,
        email=owner.email,
        full_name=owner.full_name,
        notice_id=notice.id,
        notice_expires_at=notice.expires_at,
        at=notice.created_at,
    )
