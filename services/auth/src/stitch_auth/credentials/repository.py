"""SQL of credentials."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User


class CredentialsRepository:
    """Whose they are."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, user_id: int, *, lock: bool = False) -> User | None:
        """The user; with `lock` nobody else can change it until this transaction ends."""
        query = select(User).where(User.id == user_id, User.exists())
        user: User | None = await self._session.scalar(query.with_for_update() if lock else query)
        return user

    async def is_taken(self, email: str) -> bool:
        query = select(User.id).where(User.has_email(email))
        return await self._session.scalar(query) is not None
