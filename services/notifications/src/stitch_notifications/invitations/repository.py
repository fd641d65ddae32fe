"""The SQL of batches."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_notifications.deliveries.models import Delivery
from stitch_notifications.invitations.models import Batch


@dataclass(frozen=True, slots=True)
class Progress:
    """What has become of a batch."""

    by_status: dict[str, int]
    changes: int
    """Grows with everything that happens to its mails."""


class BatchRepository:
    """Works in the caller's transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    def add(self, batch: Batch) -> None:
        self._session.add(batch)

    async def find(self, batch_id: UUID) -> Batch | None:
        return await self._session.get(Batch, batch_id)

    async def add_refused(self, batch_id: UUID, people: int) -> None:
        await self._session.execute(
            update(Batch).where(Batch.id == batch_id).values(refused=Batch.refused + people)
        )

    async def progress(self, batch_id: UUID) -> Progress:
        query = (
            select(
                Delivery.status,
                func.count().label("mails"),
                func.sum(Delivery.version).label("changes"),
            )
            .where(Delivery.batch_id == batch_id)
            .group_by(Delivery.status)
        )
        found = (await self._session.execute(query)).all()
        return Progress(
            by_status={row.status: row.mails for row in found},
            changes=sum(row.changes for row in found),
        )
