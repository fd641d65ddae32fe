"""SQL of registration."""

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User, login_key
from stitch_auth.registration.errors import EmailKnownError, UsernameTakenError
from stitch_auth.registration.models import WantedName

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

    async def find_holder(self, username: str) -> User | WantedName | None:
        """Whoever makes this name taken."""
        _, key = login_key(username)
        wanted = await self._session.get(WantedName, key)
        return wanted or await self.find_by_username(username)

    async def want(self, name: WantedName) -> None:
        """Make a name taken for which there will be no account; UsernameTakenError."""
        await self._be_alone_with(name.username_key)
        holder = await self.find_holder(name.username_key)
        if holder is None:
            self._session.add(name)
        elif not holder.owns(name.email_key):
            raise UsernameTakenError

    async def add(self, user: User) -> None:
        """Insert; the unique indexes decide between people who register at the same time.

        A violation stands in PostgreSQL's log with the address, so it is left to these.
        """
        await self._be_alone_with(user.username_key)
        if await self.find_by_email(user.email) is not None:
            raise EmailKnownError
        if await self._session.get(WantedName, user.username_key) is not None:
            raise UsernameTakenError
        try:
            async with self._session.begin_nested():
                self._session.add(user)
        except IntegrityError as error:
            taken = EmailKnownError if ONE_EMAIL in str(error.orig) else UsernameTakenError
            raise taken from error

    async def _be_alone_with(self, name: str) -> None:
        """Until the end of this transaction: no index spans accounts and wanted names."""
        lock = func.pg_advisory_xact_lock(func.hashtextextended(name, 0))
        await self._session.execute(select(lock))
