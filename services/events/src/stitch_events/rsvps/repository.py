"""Every SQL statement about one guest's answer."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, TypeVar

from sqlalchemy import func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import KeyedColumnElement

from stitch_common.bus.envelope import Envelope
from stitch_common.bus.outbox import columns, insert_sql
from stitch_common.contracts import Fact
from stitch_common.database import Database
from stitch_events.db import SCHEMA
from stitch_events.events.models import Event, EventStatus
from stitch_events.events.service import EventNotFoundError
from stitch_events.rsvps.errors import RSVPNotFoundError
from stitch_events.rsvps.models import ON_THE_LIST, RSVP
from stitch_events.rsvps.schemas import RSVPAnswer

T = TypeVar("T", Event, RSVP)

OTHERS_SHOWN = 50
EVENT_COLUMNS = [column for column in Event.__table__.columns if column.key != "search"]
RSVP_COLUMNS = [column for column in RSVP.__table__.columns if column.key != "search"]
MAY_CHANGE = {
    *RSVPAnswer.model_fields, "queue_number", "responded_at", "updated_at", "version",
    "field_versions",
}  # fmt: skip
ANSWER_COLUMNS = [column for column in RSVP_COLUMNS if column.key in MAY_CHANGE]

FIND = f"""
select {", ".join(f"e.{column.key}" for column in EVENT_COLUMNS)},
    {", ".join(f"r.{column.key}" for column in RSVP_COLUMNS)},
    case when r.queue_number is not null then (
        select count(*) from events.rsvps w
        where w.event_id = e.id and w.status = 'waitlisted' and w.queue_number <= r.queue_number
    ) end,
    array(
        select o.name from events.rsvps o
        where e.guest_list_visible and o.event_id = e.id and o.deleted_at is null
          and o.status = 'accepted' and o.id <> r.id and o.name <> ''
        order by o.id limit {OTHERS_SHOWN}
    ),
    exists (select from events.rsvps w where w.event_id = e.id and w.status = 'waitlisted')
from events.rsvps r join events.events e on e.id = r.event_id
where r.id = $1 and r.deleted_at is null and e.deleted_at is null
"""  # noqa: S608 - our own names

# The event's row first, as everywhere; whoever had to wait for it sees what has become of it.
# Freed seats need nobody to have joined the queue, taken ones must be there.
WRITE = f"""
with event as (
    select id from events.events
    where id = $5 and version = $6 and ($8::int >= 0 or last_queue_number = $7)
      and seats_taken + $8 <= coalesce(max_attendees, seats_taken + $8)
    for no key update
), answered as (
    update events.rsvps r
    set {", ".join(f"{column.key} = ${n}" for n, column in enumerate(ANSWER_COLUMNS, start=11))}
    from event where r.id = $9 and r.event_id = event.id and r.version = $10
    returning r.event_id
), seated as (
    update events.events e set seats_taken = e.seats_taken + $8
    from answered where e.id = answered.event_id and $8 <> 0
), recorded as ({insert_sql(SCHEMA, given="exists (select from answered)")})
select exists (select from answered)
"""  # noqa: S608 - our own names


@dataclass(frozen=True, slots=True)
class Standing:
    """An answer as it stands, with what is shown beside it."""

    rsvp: RSVP
    event: Event
    position: int | None
    others: list[str]
    """Some who come, where the event shows it."""
    has_queue: bool
    """Whether anybody waits for a seat."""


class RSVPRepository:
    """Answers in one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock(self, rsvp_id: int) -> tuple[RSVP, Event]:
        """Get an answer and its event; both stay as they are until the transaction ends.

        The event comes first, as everywhere, so that nobody waits in a circle.
        """
        found = _found(rsvp_id).with_for_update(of=[Event, RSVP], key_share=True)
        row = (await self._session.execute(found)).one_or_none()
        if row is None:
            raise RSVPNotFoundError
        event, rsvp = row
        return rsvp, event

    async def get_event(self, event: int | str) -> Event:
        """Get an event that takes answers from the public, by id or slug."""
        is_meant = Event.id == event if isinstance(event, int) else Event.slug == event
        found = await self._session.scalar(
            select(Event).where(
                is_meant, Event.deleted_at.is_(None), Event.status != EventStatus.DRAFT
            )
        )
        if found is None:
            raise EventNotFoundError
        return found

    async def register(
        self, event_id: int, values: Mapping[str, Any], *, at: datetime, every: timedelta
    ) -> RSVP | None:
        """Put somebody on the list, or note that a known guest asks for their link.

        What a known guest has said stays as it is: whoever fills in the form need not be that
        person. None if they asked just before.
        """
        fields = {"source": "registration", "link_requested_at": at, **_times(at)}
        statement = insert(RSVP).values(**values, **fields, event_id=event_id)
        bumped = RSVP.version + 1
        written = await self._session.scalars(
            statement.on_conflict_do_update(
                index_elements=[RSVP.event_id, func.lower(literal_column("email"))],
                index_where=ON_THE_LIST,
                set_={
                    "link_requested_at": at,
                    "updated_at": at,
                    "version": bumped,
                    "field_versions": RSVP.field_versions.op("||")(
                        func.jsonb_build_object("link_requested_at", bumped)
                    ),
                },
                where=or_(RSVP.link_requested_at.is_(None), RSVP.link_requested_at <= at - every),
            ).returning(RSVP)
        )
        return written.one_or_none()


class AnswerRepository:
    """Answers without a transaction: one statement each on the driver's own connection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, rsvp_id: int) -> Standing | None:
        """An answer as it stands; the rows are copies, which nobody saves."""
        async with self._database.connection() as connection:
            row = await connection.fetchrow(FIND, rsvp_id)
        if row is None:
            return None
        *values, position, others, has_queue = row
        event = _copy(Event, EVENT_COLUMNS, values)
        rsvp = _copy(RSVP, RSVP_COLUMNS, values[len(EVENT_COLUMNS) :])
        return Standing(rsvp, event, position, others, has_queue=has_queue)

    async def write(self, rsvp: RSVP, event: Event, fact: Fact, *, seats: int) -> bool:
        """Save a copy that was changed once, so many more seats, and the fact.

        False, and nothing has happened, if meanwhile anything has changed that the decision was
        made of.
        """
        values = [_written(column, getattr(rsvp, column.key)) for column in ANSWER_COLUMNS]
        async with self._database.connection() as connection:
            written = await connection.fetchval(
                WRITE, *columns([Envelope.seal(fact)]).values(), event.id, event.version,
                event.last_queue_number, seats, rsvp.id, rsvp.version - 1, *values,
            )  # fmt: skip
        return bool(written)


def _copy(model: type[T], of: Sequence[KeyedColumnElement[Any]], values: Sequence[Any]) -> T:
    return model(**dict(zip((column.key for column in of), values, strict=False)))


def _written(column: KeyedColumnElement[Any], value: Any) -> Any:
    # The connection is SQLAlchemy's: it reads JSON, and wants it written.
    return json.dumps(value) if isinstance(column.type, JSONB) else value


def _found(rsvp_id: int) -> Any:
    return (
        select(Event, RSVP)
        .join(RSVP, RSVP.event_id == Event.id)
        .where(RSVP.id == rsvp_id, RSVP.deleted_at.is_(None), Event.deleted_at.is_(None))
    )


def _times(at: datetime) -> dict[str, datetime]:
    return {"created_at": at, "updated_at": at}
