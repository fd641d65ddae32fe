"""SQL of signing keys."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.keys.errors import KeyExistsError
from stitch_auth.keys.models import PUBLISHED, SigningKey


class KeyRepository:
    """Keys that verify, and the making of new ones."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def published(self) -> list[SigningKey]:
        query = select(SigningKey).where(SigningKey.state.in_(PUBLISHED))
        found = await self._session.scalars(query.order_by(SigningKey.created_at, SigningKey.kid))
        return list(found.all())

    async def all(self) -> list[SigningKey]:
        """The newest first."""
        query = select(SigningKey).order_by(SigningKey.created_at.desc(), SigningKey.kid)
        return list((await self._session.scalars(query)).all())

    async def lock_all(self) -> list[SigningKey]:
        """Every key, which nobody else can move until this transaction ends."""
        query = select(SigningKey).order_by(SigningKey.kid).with_for_update()
        return list((await self._session.scalars(query)).all())

    async def flush(self) -> None:
        """So that there are never two active keys, not even within a transaction."""
        await self._session.flush()

    async def add(self, key: SigningKey) -> None:
        """Insert; partial unique indexes let one of all replicas succeed."""
        try:
            async with self._session.begin_nested():
                self._session.add(key)
        except IntegrityError as error:
            raise KeyExistsError from error
