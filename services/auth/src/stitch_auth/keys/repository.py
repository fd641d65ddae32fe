"""SQL of signing keys."""

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.keys.errors import ActiveKeyExistsError
from stitch_auth.keys.models import PUBLISHED, SigningKey


class KeyRepository:
    """Keys that verify, and the making of new ones."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def published(self) -> list[SigningKey]:
        query = select(SigningKey).where(SigningKey.state.in_(PUBLISHED))
        found = await self._session.scalars(query.order_by(SigningKey.created_at, SigningKey.kid))
        return list(found.all())

    async def add_active(self, key: SigningKey) -> None:
        """Insert; the partial unique index lets one of all replicas succeed."""
        try:
            async with self._session.begin_nested():
                self._session.add(key)
        except IntegrityError as error:
            raise ActiveKeyExistsError from error
