"""Every SQL statement about the queue for seats."""

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_events.rsvps.models import RSVP, RSVPStatus

BATCH = 500


class QueueRepository:
    """The queue of one event, whose row is locked."""

    def __init__(self, session: AsyncSession, event_id: int) -> None:
        self._session = session
        self._event_id = event_id

    async def waiting(self, *, after: int, fitting: int | None) -> list[RSVP]:
        """Get the next parties in the queue that are not larger than this, locked, in order."""
        statement = select(RSVP).where(
            RSVP.event_id == self._event_id,
            RSVP.status == RSVPStatus.WAITLISTED,
            RSVP.queue_number > after,
        )
        if fitting is not None:
            statement = statement.where(RSVP.guest_count <= fitting)
        statement = statement.order_by(RSVP.queue_number).limit(min(fitting or BATCH, BATCH))
        return list(await self._session.scalars(statement.with_for_update(key_share=True)))

    async def position(self, rsvp: RSVP) -> int | None:
        """Tell where a guest stands in the queue, from 1; None if they do not wait."""
        if rsvp.queue_number is None:
            return None
        statement = (
            select(func.count())
            .select_from(RSVP)
            .where(
                RSVP.event_id == self._event_id,
                RSVP.status == RSVPStatus.WAITLISTED,
                RSVP.queue_number <= rsvp.queue_number,
            )
        )
        return await self._session.scalar(statement)
