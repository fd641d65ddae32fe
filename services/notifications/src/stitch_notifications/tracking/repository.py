"""The SQL of suppressions."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import ARRAY, ColumnElement, Text, any_, bindparam, delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_notifications.deliveries.models import Delivery
from stitch_notifications.tracking.models import Suppression
from stitch_notifications.tracking.rules import Scope


class SuppressionRepository:
    """Works in the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def suppressed_among(self, event_id: int, addresses: Collection[str]) -> set[str]:
        query = select(Suppression.address).where(
            Suppression.address == any_(bindparam("addresses", list(addresses), ARRAY(Text))),
            _concerns(event_id),
        )
        return set(await self._session.scalars(query))

    async def find_scope(self, address: str, event_id: int) -> Scope | None:
        """How much this address does not want, as far as this event is concerned."""
        query = select(Suppression.event_id).where(
            Suppression.address == address, _concerns(event_id)
        )
        found = set(await self._session.scalars(query))
        if not found:
            return None
        return Scope.ALL if None in found else Scope.EVENT

    async def find_delivery(self, delivery_id: int) -> Delivery | None:
        return await self._session.get(Delivery, delivery_id)

    async def add(
        self, address: str, event_id: int | None, *, reason: str, at: datetime
    ) -> int | None:
        """The id, or None if that was so already."""
        row = {"address": address, "event_id": event_id, "reason": reason, "created_at": at}
        statement = insert(Suppression).on_conflict_do_nothing().returning(Suppression.id)
        return (await self._session.scalars(statement, [row])).one_or_none()

    async def remove(self, address: str, event_id: int, *, reason: str) -> None:
        which = (Suppression.address == address, Suppression.reason == reason)
        await self._session.execute(delete(Suppression).where(*which, _concerns(event_id)))


def _concerns(event_id: int) -> ColumnElement[bool]:
    return or_(Suppression.event_id == event_id, Suppression.event_id.is_(None))
