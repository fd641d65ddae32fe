"""Every SQL statement about events."""

from typing import Any

from sqlalchemy import Row, Select, func, select, true
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from stitch_common.http.lists import Cursors, Page
from stitch_events.db import Keyset, prefix_query
from stitch_events.events.errors import EventNotFoundError, SlugTakenError
from stitch_events.events.models import Event, EventStatus
from stitch_events.events.schemas import EventFilters, EventSort
from stitch_events.rsvps.models import RSVP, RSVPStatus

KEPT_INSIDE = {"search", "field_versions", "last_queue_number"}
COLUMNS = [column for column in Event.__table__.columns if column.key not in KEPT_INSIDE]
SORTED_BY = {"start_date": Event.start_date, "created_at": Event.created_at, "title": Event.title}
TOLD_OF_CHANGES = (
    RSVPStatus.PENDING,
    RSVPStatus.ACCEPTED,
    RSVPStatus.MAYBE,
    RSVPStatus.WAITLISTED,
)


class EventRepository:
    """Events in one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def add(self, event: Event) -> None:
        """Insert an event; SlugTakenError leaves the transaction usable."""
        try:
            async with self._session.begin_nested():
                self._session.add(event)
        except IntegrityError as error:
            raise _named(error) from error

    async def save(self) -> None:
        """Write what has changed; SlugTakenError if another event was quicker."""
        try:
            await self._session.flush()
        except IntegrityError as error:
            raise _named(error) from error

    async def lock(self, event_id: int) -> Event:
        """Get an event that nobody else changes, or takes seats of, until the transaction ends."""
        statement = select(Event).where(Event.id == event_id, Event.deleted_at.is_(None))
        # FOR NO KEY UPDATE: guests may still be added to the list meanwhile.
        event = await self._session.scalar(statement.with_for_update(key_share=True))
        if event is None:
            raise EventNotFoundError
        return event

    async def get_published(self, slug: str) -> Event:
        """Get an event that the public may know; drafts and deleted ones it may not."""
        event = await self._session.scalar(
            select(Event).where(
                Event.slug == slug,
                Event.status != EventStatus.DRAFT,
                Event.deleted_at.is_(None),
            )
        )
        if event is None:
            raise EventNotFoundError
        return event

    async def get_counted(self, event_id: int) -> Row[Any]:
        """Get an event's columns with the counts of its answers."""
        found = select(*COLUMNS).where(Event.id == event_id, Event.deleted_at.is_(None))
        row: Row[Any] | None = (await self._session.execute(_with_counts(found))).one_or_none()
        if row is None:
            raise EventNotFoundError
        return row

    async def counted_page(
        self, filters: EventFilters, page: Page, cursors: Cursors
    ) -> tuple[list[Row[Any]], str | None]:
        """List events with their counts in one statement, and the cursor of the next page."""
        keyset = _keyset(filters.sort)
        found = keyset.page(_matching(filters), page, cursors)
        # Counting happens around the page, so that nothing is counted that is not shown.
        statement = _with_counts(found)
        key = [statement.selected_columns[keyset.column.key], statement.selected_columns["id"]]
        order = [column.desc() if keyset.descending else column.asc() for column in key]
        rows = (await self._session.execute(statement.order_by(*order))).all()
        return keyset.cut(rows, page, cursors)

    async def count(self, filters: EventFilters) -> int:
        matching = _matching(filters).subquery()
        return await self._session.scalar(select(func.count()).select_from(matching)) or 0

    async def count_to_tell(self, event_id: int) -> int:
        """Count the guests whom a change of the event concerns."""
        statement = (
            select(func.count())
            .select_from(RSVP)
            .where(
                RSVP.event_id == event_id,
                RSVP.deleted_at.is_(None),
                RSVP.status.in_(TOLD_OF_CHANGES),
            )
        )
        return await self._session.scalar(statement) or 0


def _named(error: IntegrityError) -> Exception:
    return SlugTakenError() if "uq_events_slug" in str(error.orig) else error


def _keyset(sort: EventSort) -> Keyset:
    column = SORTED_BY[sort.removeprefix("-")]
    return Keyset(f"events/{sort}", column, Event.id, descending=sort.startswith("-"))


def _matching(filters: EventFilters) -> Select[Any]:
    found = select(*COLUMNS).where(Event.deleted_at.is_(None))
    if filters.status is not None:
        found = found.where(Event.status == filters.status)
    if filters.starts_from is not None:
        found = found.where(Event.start_date >= filters.starts_from)
    if filters.starts_to is not None:
        found = found.where(Event.start_date <= filters.starts_to)
    if filters.search is not None:
        words = func.to_tsquery("simple", prefix_query(filters.search) or "")
        found = found.where(Event.search.op("@@")(words))
    return found


def _with_counts(found: Select[Any]) -> Select[Any]:
    """Put the counts of answers beside each found event."""
    event = found.subquery("event")
    rsvp = aliased(RSVP)
    counts = (
        select(
            func.count().label("total_rsvps"),
            *(
                func.count().filter(rsvp.status == status).label(f"{status}_rsvps")
                for status in RSVPStatus
                if status is not RSVPStatus.CANCELLED
            ),
        )
        .where(rsvp.event_id == event.c.id, rsvp.deleted_at.is_(None))
        .lateral("counts")
    )
    return select(*event.c, *counts.c).join_from(event, counts, true())
