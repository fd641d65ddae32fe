"""The SQL of suppressions."""

from collections.abc import Collection

from sqlalchemy import ARRAY, Text, any_, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_notifications.tracking.models import Suppression


class SuppressionRepository:
    """Works in the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def suppressed_among(self, event_id: int, addresses: Collection[str]) -> set[str]:
        query = select(Suppression.address).where(
            Suppression.address == any_(bindparam("addresses", list(addresses), ARRAY(Text))),
            or_(Suppression.event_id == event_id, Suppression.event_id.is_(None)),
        )
        return set(await self._session.scalars(query))
