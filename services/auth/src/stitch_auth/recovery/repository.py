"""SQL of recovery."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User
from stitch_auth.recovery.models import PasswordReset


class RecoveryRepository:
    """Reset mails, changed only with their user locked, and whose they are."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find_by_email(self, email: str) -> User | None:
        user: User | None = await self._session.scalar(select(User).where(User.has_email(email)))
        return user

    async def find_user(self, user_id: int, *, lock: bool = False) -> User | None:
        """The user; with `lock` nobody else can change it until this transaction ends."""
        query = select(User).where(User.id == user_id, User.exists())
        user: User | None = await self._session.scalar(query.with_for_update() if lock else query)
        return user

    async def find(self, reset_id: int) -> PasswordReset | None:
        return await self._session.get(PasswordReset, reset_id)

    async def add(self, reset: PasswordReset) -> None:
        """Insert; every older mail to this user is worth nothing from now on."""
        await self.supersede_all(reset.user_id, reset.created_at)
        self._session.add(reset)
        await self._session.flush()

    async def supersede_all(self, user_id: int, at: datetime) -> None:
        await self._session.execute(
            update(PasswordReset)
            .where(
                PasswordReset.user_id == user_id,
                PasswordReset.used_at.is_(None),
                PasswordReset.superseded_at.is_(None),
            )
            .values(superseded_at=at)
        )
