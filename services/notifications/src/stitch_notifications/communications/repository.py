"""The SQL of what editors see of an event's mails."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_notifications.communications.rules import Tally
from stitch_notifications.deliveries.models import Delivery, Queued, Status
from stitch_notifications.templates.models import Kind


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of an event's mails a list shows."""

    event_id: int
    status: Status | None = None
    kind: Kind | None = None
    batch_id: UUID | None = None
    rsvp_id: int | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        filters = (
            (Delivery.status, self.status),
            (Delivery.kind, self.kind),
            (Delivery.batch_id, self.batch_id),
            (Delivery.rsvp_id, self.rsvp_id),
        )
        chosen = [column == value for column, value in filters if value is not None]
        return [Delivery.event_id == self.event_id, *chosen]


class CommunicationRepository:
    """Works in the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def page(
        self, wanted: Wanted, *, before: int | None, skip: int, limit: int
    ) -> Sequence[Delivery]:
        """The newest first."""
        query = select(Delivery).where(*wanted.conditions())
        if before is not None:
            query = query.where(Delivery.id < before)
        query = query.order_by(Delivery.id.desc()).offset(skip).limit(limit)
        return (await self._session.scalars(query)).all()

    async def count(self, wanted: Wanted) -> int:
        query = select(func.count()).select_from(Delivery).where(*wanted.conditions())
        return await self._session.scalar(query) or 0

    async def lock(self, delivery_id: int) -> Delivery | None:
        query = select(Delivery).where(Delivery.id == delivery_id, Delivery.event_id.is_not(None))
        return (await self._session.scalars(query.with_for_update())).one_or_none()

    async def retry_failed(
        self, event_id: int, *, now: datetime, give_up_at: datetime
    ) -> Sequence[Queued]:
        statement = (
            update(Delivery)
            .where(Delivery.event_id == event_id, Delivery.status == Status.FAILED)
            .values(
                status=Status.PENDING,
                next_attempt_at=now,
                give_up_at=give_up_at,
                note=None,
                version=Delivery.version + 1,
            )
            .returning(
                Delivery.id,
                Delivery.version,
                Delivery.kind,
                Delivery.event_id,
                Delivery.rsvp_id,
            )
            .execution_options(synchronize_session=False)
        )
        return [Queued(*row) for row in await self._session.execute(statement)]

    async def tallies(self, event_id: int) -> dict[str, Tally]:
        query = (
            select(
                Delivery.status,
                func.count().label("mails"),
                func.count(Delivery.opened_at).label("opened"),
                func.count(Delivery.clicked_at).label("clicked"),
            )
            .where(Delivery.event_id == event_id)
            .group_by(Delivery.status)
        )
        found = await self._session.execute(query)
        return {row.status: Tally(row.mails, row.opened, row.clicked) for row in found}
