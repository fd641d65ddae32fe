"""SQL of registration."""

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User
from stitch_auth.registration.errors import EmailKnownError, UsernameTakenError
from stitch_auth.registration.models import EmailVerification

ONE_EMAIL = "uq_users_email_key"


class RegistrationRepository:
    """New users, and whether their names are free."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find_by_email(self, email: str) -> User | None:
        user: User | None = await self._session.scalar(select(User).where(User.has_email(email)))
        return user

    async def find_by_username(self, username: str) -> User | None:
        query = select(User).where(User.has_username(username))
        user: User | None = await self._session.scalar(query)
        return user

    async def add(self, user: User) -> None:
        """Insert; the unique indexes decide between people who register at the same time."""
        try:
            async with self._session.begin_nested():
                self._session.add(user)
        except IntegrityError as error:
            taken = EmailKnownError if ONE_EMAIL in str(error.orig) else UsernameTakenError
            raise taken from error

    async def find(self, user_id: int, *, lock: bool = False) -> User | None:
        """The user; with `lock` nobody else can change it until this transaction ends."""
        query = select(User).where(User.id == user_id, User.exists())
        user: User | None = await self._session.scalar(query.with_for_update() if lock else query)
        return user


class VerificationRepository:
    """Verification mails; changed only with their user locked."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, verification_id: int) -> EmailVerification | None:
        return await self._session.get(EmailVerification, verification_id)

    async def add(self, verification: EmailVerification) -> None:
        """Insert; every older mail to this user is worth nothing from now on."""
        await self._session.execute(
            update(EmailVerification)
            .where(
                EmailVerification.user_id == verification.user_id,
                EmailVerification.used_at.is_(None),
                EmailVerification.superseded_at.is_(None),
            )
            .values(superseded_at=verification.created_at)
        )
        self._session.add(verification)
        await self._session.flush()
