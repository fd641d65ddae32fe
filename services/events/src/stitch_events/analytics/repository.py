"""Every SQL statement that counts answers."""

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, Date, Row, cast, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_events.events.models import Event
from stitch_events.rsvps.models import RSVP, RSVPStatus


class AnalyticsRepository:
    """Counts of one event in one transaction."""

    def __init__(self, session: AsyncSession, event_id: int) -> None:
        self._session = session
        self._event_id = event_id
        self._is_guest = (RSVP.event_id == event_id) & RSVP.deleted_at.is_(None)

    async def find_event(self) -> bool:
        found = select(Event.id).where(Event.id == self._event_id, Event.deleted_at.is_(None))
        return await self._session.scalar(found) is not None

    async def summary(self) -> Row[Any]:
        statement = select(
            func.count().label("total_invites"),
            *(_count(RSVP.status == status).label(str(status)) for status in COUNTED),
            func.coalesce(
                func.sum(RSVP.guest_count).filter(RSVP.status == RSVPStatus.ACCEPTED), 0
            ).label("total_guests"),
            _count(RSVP.checked_in_at.is_not(None)).label("checked_in"),
            _count(RSVP.responded_at.is_not(None)).label("answered"),
        )
        return (await self._session.execute(statement.where(self._is_guest))).one()

    async def timeline(self) -> Sequence[Row[date, int]]:
        day = cast(func.timezone("UTC", RSVP.responded_at), Date)
        statement = (
            select(day.label("date"), func.count().label("responses"))
            .where(self._is_guest, RSVP.responded_at.is_not(None))
            .group_by(day)
            .order_by(day)
        )
        return (await self._session.execute(statement)).all()


COUNTED = tuple(status for status in RSVPStatus if status is not RSVPStatus.CANCELLED)


def _count(condition: ColumnElement[bool]) -> Any:
    return func.count().filter(condition)
