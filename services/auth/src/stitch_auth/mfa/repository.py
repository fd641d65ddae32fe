"""SQL of second factors."""

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import User
from stitch_auth.mfa.models import SecondFactor


class SecondFactorRepository:
    """At most one for each person."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, user_id: int) -> SecondFactor | None:
        """It, which nobody else can use until this transaction ends."""
        query = select(SecondFactor).where(SecondFactor.user_id == user_id).with_for_update()
        factor: SecondFactor | None = await self._session.scalar(query)
        return factor

    async def find_user(self, user_id: int) -> User | None:
        query = select(User).where(User.id == user_id, User.exists())
        user: User | None = await self._session.scalar(query)
        return user

    async def lock_all(self) -> list[SecondFactor]:
        query = select(SecondFactor).order_by(SecondFactor.user_id).with_for_update()
        return list((await self._session.scalars(query)).all())

    async def replace(self, factor: SecondFactor) -> bool:
        """Begin anew, unless one was confirmed; tells whether."""
        values = {
            "sealed_secret": factor.sealed_secret,
            "recovery_hashes": [],
            "last_counter": 0,
            "created_at": factor.created_at,
        }
        query = (
            insert(SecondFactor)
            .values(user_id=factor.user_id, **values)
            .on_conflict_do_update(
                index_elements=["user_id"],
                set_=values,
                where=SecondFactor.confirmed_at.is_(None),
            )
            .returning(SecondFactor.user_id)
        )
        return await self._session.scalar(query) is not None

    async def remove(self, factor: SecondFactor) -> None:
        await self._session.delete(factor)
