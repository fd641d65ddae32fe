"""From nothing to an account with a confirmed e-mail address."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User
from stitch_auth.audit.service import AuditTrail
from stitch_auth.callers.models import Caller
from stitch_auth.passwords.service import PasswordService
from stitch_auth.registration.errors import (
    EmailKnownError,
    InvitationRequiredError,
    LinkAlreadyUsedError,
    RegistrationClosedError,
    UsernameTakenError,
)
from stitch_auth.registration.models import EmailVerification
from stitch_auth.registration.repository import RegistrationRepository, VerificationRepository
from stitch_auth.registration.schemas import Registration
from stitch_auth.settings import AuthSettings, BootstrapUser
from stitch_auth.throttling.models import Limit
from stitch_auth.throttling.service import Throttle
from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts.auth import (
    EmailVerificationRequested,
    RegistrationRepeated,
    UserRegistered,
    UserVerified,
)
from stitch_common.database import Database
from stitch_common.security.links import InvalidLinkError, LinkSigner

PURPOSE = "verify-email"


class MailLimits:
    """How often strangers may cause mail: from one network, and to one address."""

    def __init__(self, throttle: Throttle, settings: AuthSettings) -> None:
        self._throttle = throttle
        self._per_network = Limit(
            "registration", settings.registration_limit, settings.registration_window
        )
        self._cool_down = settings.mail_cool_down

    async def admit(self, caller: Caller) -> None:
        await self._throttle.admit(self._per_network, caller.network)

    async def may_mail(self, kind: str, user: User) -> bool:
        """Whether this address may get such a mail now; whoever asks must not see the answer."""
        limit = Limit(f"mail:{kind}", 1, self._cool_down)
        return await self._throttle.has_room(limit, user.email_key)


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

        Whether a username is taken does not depend on the address: only who repeats their own
        registration, and proves it by the password, is not told UsernameTakenError.
        """
        self._require_open_registration()
        await self._limits.admit(caller)
        password = wanted.password.get_secret_value()
        context = [wanted.email, wanted.username, wanted.full_name]
        await self._passwords.require_strength(password, context)
        holder = await self._find_holder(wanted.username)
        if holder is not None:
            await self._require_same_person(holder, wanted.email, password)
            await self._tell_owner(wanted.email, caller)
            return
        try:
            await self._create(wanted, await self._passwords.hash(password), caller)
        except EmailKnownError:
            await self._tell_owner(wanted.email, caller)

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
                Outbox(session).add(_verified(user))
        except (EmailKnownError, UsernameTakenError):
            return False
        return True

    def _require_open_registration(self) -> None:
        if self._settings.registration == "closed":
            raise RegistrationClosedError
        if self._settings.registration == "invite":
            raise InvitationRequiredError

    async def _find_holder(self, username: str) -> User | None:
        async with self._database.reading() as session:
            return await RegistrationRepository(session).find_by_username(username)

    async def _require_same_person(self, holder: User, email: str, password: str) -> None:
        # As slow for any other address: the time must not tell whose username this is.
        stored = holder.password_hash if holder.owns(email) else None
        if not (await self._passwords.verify(password, stored)).is_right:
            raise UsernameTakenError

    async def _create(self, wanted: Registration, password_hash: str, caller: Caller) -> None:
        user = User.create(
            email=wanted.email,
            username=wanted.username,
            full_name=wanted.full_name or wanted.username,
            role=self._settings.default_role,
            password_hash=password_hash,
            at=self._clock(),
        )
        async with self._database.transaction() as session:
            await self._add(session, user, caller=caller)
            await request_verification(
                session, user, at=self._clock(), ttl=self._settings.verification_ttl
            )

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
            Outbox(session).add(_repeated(owner, self._clock()))
            trail = AuditTrail(session, self._clock, caller)
            trail.failed("user.registered", actor_id=None, subject=f"user:{owner.id}")


class VerificationService:
    """Confirms that an address belongs to who registered with it."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        *,
        ttl: timedelta,
        links: LinkSigner,
        limits: MailLimits,
    ) -> None:
        self._database = database
        self._clock = clock
        self._ttl = ttl
        self._links = links
        self._limits = limits

    async def inspect(self, token: str) -> User:
        """Whose address a link would confirm; changes nothing. Raises as `confirm` does."""
        async with self._database.reading() as session:
            verification = await self._genuine(session, token)
            user = await RegistrationRepository(session).find(verification.user_id)
            return _confirmable(user, verification, self._clock())

    async def confirm(self, token: str, caller: Caller) -> User:
        """Confirm an address, once; InvalidLinkError, or LinkAlreadyUsedError ever after."""
        at = self._clock()
        async with self._database.transaction() as session:
            verification = await self._genuine(session, token)
            users = RegistrationRepository(session)
            user = await users.find(verification.user_id, lock=True)
            await session.refresh(verification)
            user = _confirmable(user, verification, at)
            verification.used_at = at
            if user.verify(at):
                Outbox(session).add(_verified(user))
            trail = AuditTrail(session, self._clock, caller)
            trail.succeeded("user.verified", actor_id=user.id, subject=f"user:{user.id}")
        return user

    async def resend(self, email: str, caller: Caller) -> None:
        """Send another mail, which makes the earlier ones worthless, if there is a reason to."""
        await self._limits.admit(caller)
        async with self._database.reading() as session:
            user = await RegistrationRepository(session).find_by_email(email)
        if user is not None and _may_confirm(user) and await self._limits.may_mail(PURPOSE, user):
            await self._send_again(user.id, caller)

    async def _send_again(self, user_id: int, caller: Caller) -> None:
        async with self._database.transaction() as session:
            user = await RegistrationRepository(session).find(user_id, lock=True)
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
    session: AsyncSession, user: User, *, at: datetime, ttl: timedelta
) -> None:
    """Ask the owner of the user's address to confirm it, in the transaction of the reason."""
    verification = EmailVerification(
        user_id=user.id, email_key=user.email_key, created_at=at, expires_at=at + ttl
    )
    await VerificationRepository(session).add(verification)
    fact = EmailVerificationRequested(
        user_id=user.id,
        verification_id=verification.id,
        email=user.email,
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
    is_genuine = user is not None and user.email_key == verification.email_key
    if user is None or not is_genuine or not user.is_usable or not verification.counts_at(at):
        raise InvalidLinkError
    return user


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


def _verified(user: User) -> UserVerified:
    return UserVerified(user_id=user.id, version=user.version, at=user.updated_at)


def _repeated(owner: User, at: datetime) -> RegistrationRepeated:
    return RegistrationRepeated(
        user_id=owner.id, email=owner.email, full_name=owner.full_name, at=at
    )
