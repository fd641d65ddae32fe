"""SQL of objections."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User
from stitch_auth.notices.models import Notice
from stitch_auth.objections.errors import AddressLostError


class ObjectionRepository:
    """Notices, changed only with their user locked, and whose they are."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, notice_id: int) -> Notice | None:
        return await self._session.get(Notice, notice_id)

    async def find_user(self, user_id: int, *, lock: bool = False) -> User | None:
        """The user; with `lock` nobody else can change it until this transaction ends."""
        query = select(User).where(User.id == user_id, User.exists())
        user: User | None = await self._session.scalar(query.with_for_update() if lock else query)
        return user

    async def lock_squatter(self, email: str, *, beside: User) -> User | None:
        """Who has taken this address without ever having confirmed it."""
        query = select(User).where(
            User.has_email(email), User.id != beside.id, User.email_verified_at.is_(None)
        )
        squatter: User | None = await self._session.scalar(query.with_for_update())
        return squatter

    async def supersede_younger(self, notice: Notice, at: datetime) -> None:
        """What was done after it was done by whoever did this, and so were the addresses."""
        await self._session.execute(
            update(Notice)
            .where(
                Notice.user_id == notice.user_id,
                Notice.id > notice.id,
                Notice.used_at.is_(None),
                Notice.superseded_at.is_(None),
            )
            .values(superseded_at=at)
        )

    async def restore_email(self, user: User, email: str, at: datetime) -> None:
        """Give the account its address back; AddressLostError."""
        try:
            async with self._session.begin_nested():
                user.replace_email(email, at)
        except IntegrityError as error:
            await self._session.refresh(user)  # the savepoint has taken its fields along
            raise AddressLostError from error
