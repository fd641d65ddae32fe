"""Every SQL statement about events."""

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import Row, Select, bindparam, func, literal, or_, select, true, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from stitch_common.database import Database
from stitch_common.http.lists import Cursors, Page
from stitch_events.db import Conditions, Listed, Lists, Order, Source, json_of
from stitch_events.events.errors import EventNotFoundError, SlugTakenError
from stitch_events.events.models import Event, EventStatus
from stitch_events.events.schemas import EventFilters, EventSort, EventView
from stitch_events.rsvps.models import RSVP, RSVPStatus

KEPT_INSIDE = {"search", "field_versions", "last_queue_number"}
COLUMNS = [column for column in Event.__table__.columns if column.key not in KEPT_INSIDE]
SORTED_BY = {"start_date": "timestamptz", "created_at": "timestamptz", "title": "text"}
COUNTED = [status for status in RSVPStatus if status is not RSVPStatus.CANCELLED]
COUNTS = ", ".join(
    f"count(*) filter (where r.status = '{status}') as {status}_rsvps" for status in COUNTED
)
EVENTS = Source(
    table="events.events",
    item=json_of(
        "it",
        Event.__table__,
        EventView.model_fields,
        total_rsvps="counts.total_rsvps",
        **{f"{status}_rsvps": f"counts.{status}_rsvps" for status in COUNTED},
    ),
    beside=f"""
    left join lateral (
        select count(*) as total_rsvps, {COUNTS} from events.rsvps r
        where r.event_id = it.id and r.deleted_at is null
    ) counts on true
    """,  # noqa: S608 - our own names
)
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

    async def get(self, event_id: int) -> Event:
        event = await self._session.get(Event, event_id)
        if event is None or event.deleted_at is not None:
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
        found = await self._session.execute(_counted(), {"event_id": event_id})
        row: Row[Any] | None = found.one_or_none()
        if row is None:
            raise EventNotFoundError
        return row

    async def clear_guest_list(self, event: Event, *, at: datetime) -> None:
        """Take everybody off the list, as `RSVP.take_off_the_list` does."""
        event.seats_taken = 0
        off = {"status": RSVPStatus.CANCELLED, "queue_number": None, "deleted_at": at}
        bumped = RSVP.version + 1
        versions = func.jsonb_build_object(
            *(part for name in off for part in (literal(name), bumped))
        )
        is_guest = (RSVP.event_id == event.id) & RSVP.deleted_at.is_(None)
        await self._session.execute(
            update(RSVP)
            .where(is_guest)
            .values(
                **off,
                updated_at=at,
                version=bumped,
                field_versions=RSVP.field_versions.op("||")(versions),
            )
            .execution_options(synchronize_session=False)
        )

    async def count_to_tell(self, event_id: int) -> int:
        """Count the guests whom a change of the event concerns.

        An address that nobody has confirmed (`RSVP.needs_confirmation`) gets no mail about it.
        """
        is_vouched_for = or_(
            RSVP.source != "registration", RSVP.invitation > 0, RSVP.responded_at.is_not(None)
        )
        statement = (
            select(func.count())
            .select_from(RSVP)
            .where(
                RSVP.event_id == event_id,
                RSVP.deleted_at.is_(None),
                RSVP.status.in_(TOLD_OF_CHANGES),
                is_vouched_for,
            )
        )
        return await self._session.scalar(statement) or 0


def _named(error: IntegrityError) -> Exception:
    return SlugTakenError() if "uq_events_slug" in str(error.orig) else error


class EventLists:
    """Lists of events, each with the counts of its answers."""

    def __init__(self, database: Database, cursors: Cursors) -> None:
        self._lists = Lists(database, cursors)

    async def page(self, filters: EventFilters, page: Page) -> Listed:
        return await self._lists.page(EVENTS, _order(filters.sort), page, found=_found(filters))


def _order(sort: EventSort) -> Order:
    column = sort.removeprefix("-")
    return Order(f"events/{sort}", column, SORTED_BY[column], descending=sort.startswith("-"))


def _found(filters: EventFilters) -> Conditions:
    found = Conditions()
    found.add("it.deleted_at is null")
    for term, value in (
        ("it.status = {}", filters.status),
        ("it.start_date >= {}", filters.starts_from),
        ("it.start_date <= {}", filters.starts_to),
    ):
        if value is not None:
            found.add(term, value)
    if filters.search is not None:
        found.search(filters.search)
    return found


@cache
def _counted() -> Select[Any]:
    """One event; built once, because building it takes longer than running it."""
    is_meant = Event.id == bindparam("event_id")
    return _with_counts(select(*COLUMNS).where(is_meant, Event.deleted_at.is_(None)))


def _with_counts(found: Select[Any]) -> Select[Any]:
    """Put the counts of answers beside each found event."""
    event = found.subquery("event")
    rsvp = aliased(RSVP)
    counts = (
        select(
            func.count().label("total_rsvps"),
            *(
                func.count().filter(rsvp.status == status).label(f"{status}_rsvps")
                for status in COUNTED
            ),
        )
        .where(rsvp.event_id == event.c.id, rsvp.deleted_at.is_(None))
        .lateral("counts")
    )
    return select(*event.c, *counts.c).join_from(event, counts, true())
