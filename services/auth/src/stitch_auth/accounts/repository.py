"""SQL of accounts."""

from typing import TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.errors import UserNotFoundError
from stitch_auth.accounts.models import User
from stitch_auth.accounts.rules import search_words
from stitch_auth.accounts.schemas import UserFilter
from stitch_common.security.principals import Role

T = TypeVar("T")


class UserRepository:
    """Accounts that have not been removed."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def find(self, user_id: int, *, lock: bool = False) -> User | None:
        """The user; with `lock` nobody else can change it until this transaction ends."""
        query = _existing().where(User.id == user_id)
        user: User | None = await self._session.scalar(query.with_for_update() if lock else query)
        return user

    async def get(self, user_id: int) -> User:
        return _found(await self.find(user_id))

    async def lock(self, user_id: int) -> User:
        return _found(await self.find(user_id, lock=True))

    async def lock_active_admins(self) -> list[int]:
        """Every active admin, in one order, so that two who demote each other take turns."""
        query = _existing().where(User.role == Role.ADMIN, User.is_active).order_by(User.id)
        admins = await self._session.scalars(query.with_for_update())
        return [admin.id for admin in admins]

    async def list_page(
        self, wanted: UserFilter, *, before: int | None, skip: int, limit: int
    ) -> list[User]:
        """The newest first."""
        query = _filtered(_existing(), wanted).order_by(User.id.desc()).offset(skip).limit(limit)
        if before is not None:
            query = query.where(User.id < before)
        return list((await self._session.scalars(query)).all())

    async def count(self, wanted: UserFilter) -> int:
        query = _filtered(select(func.count()).where(User.exists()), wanted)
        return int((await self._session.scalars(query)).one())


def _existing() -> Select[User]:
    return select(User).where(User.exists())


def _filtered(query: Select[T], wanted: UserFilter) -> Select[T]:
    if wanted.search:
        words = func.to_tsquery("simple", search_words(wanted.search))
        query = query.where(User.search.op("@@")(words))
    if wanted.role is not None:
        query = query.where(User.role == wanted.role)
    if wanted.is_active is not None:
        query = query.where(User.is_active.is_(wanted.is_active))
    return query


def _found(user: User | None) -> User:
    if user is None:
        raise UserNotFoundError
    return user
