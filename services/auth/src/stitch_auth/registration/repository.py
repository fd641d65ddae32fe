"""SQL of registration."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User
from stitch_auth.registration.errors import EmailKnownError, UsernameTakenError

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
        """Insert; the unique indexes decide between people who register at the same time.

        A violation stands in PostgreSQL's log with the address, so it is left to these.
        """
        if await self.find_by_email(user.email) is not None:
            raise EmailKnownError
        try:
            async with self._session.begin_nested():
                self._session.add(user)
        except IntegrityError as error:
            taken = EmailKnownError if ONE_EMAIL in str(error.orig) else UsernameTakenError
            raise taken from error
