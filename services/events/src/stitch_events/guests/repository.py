"""Every SQL statement about the guest list."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    Select,
    Text,
    bindparam,
    case,
    func,
    literal,
    literal_column,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import distinct_on, insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_common.database import Database
from stitch_common.http.lists import Cursors, Page
from stitch_events.db import Conditions, Listed, Lists, Order, Source, json_of
from stitch_events.events.models import Event
from stitch_events.events.service import EventNotFoundError
from stitch_events.guests.schemas import GuestFilters, GuestSort
from stitch_events.rsvps.models import APPROVED, ON_THE_LIST, RSVP, RSVPStatus
from stitch_events.rsvps.service import GuestExistsError, RSVPNotFoundError, RSVPView

POSITION = """
case when it.queue_number is not null then (
    select count(*) from events.rsvps w
    where w.event_id = it.event_id and w.status = 'waitlisted' and w.queue_number <= it.queue_number
) end
"""
GUESTS = Source(
    table="events.rsvps",
    item=json_of(
        "it",
        RSVP.__table__,
        RSVPView.model_fields,
        waitlist_position=POSITION,
        checked_in="it.checked_in_at is not null",
    ),
)


class GuestRepository:
    """The guest list in one transaction."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def lock_event(self, event_id: int) -> Event:
        event = await self._session.scalar(_event(event_id).with_for_update(key_share=True))
        if event is None:
            raise EventNotFoundError
        return event

    async def add(self, rsvp: RSVP) -> None:
        """Insert a guest; GuestExistsError if the address is on the list already."""
        self._session.add(rsvp)
        try:
            await self._session.flush()
        except IntegrityError as error:
            if "uq_rsvps_event_id_email" in str(error.orig):
                raise GuestExistsError from error
            raise

    async def get_event_of(self, rsvp_id: int) -> int:
        """Tell whose guest this is."""
        event_id = await self._session.scalar(
            select(RSVP.event_id).where(RSVP.id == rsvp_id, RSVP.deleted_at.is_(None))
        )
        if event_id is None:
            raise RSVPNotFoundError
        return event_id

    async def get(self, event_id: int, rsvp_id: int) -> tuple[RSVP, Event]:
        """Get a guest with their event, as they are now."""
        found = select(RSVP, Event).join(Event, RSVP.event_id == Event.id)
        is_meant = (Event.id == event_id) & (RSVP.id == rsvp_id)
        is_there = Event.deleted_at.is_(None) & RSVP.deleted_at.is_(None)
        row = (await self._session.execute(found.where(is_meant, is_there))).one_or_none()
        if row is None:
            raise RSVPNotFoundError
        rsvp, event = row
        return rsvp, event

    async def lock(self, event: Event, rsvp_id: int) -> RSVP:
        """Get a guest of a locked event."""
        rsvp = await self._session.scalar(
            select(RSVP)
            .where(RSVP.id == rsvp_id, RSVP.event_id == event.id, RSVP.deleted_at.is_(None))
            .with_for_update(key_share=True)
        )
        if rsvp is None:
            raise RSVPNotFoundError
        return rsvp

    async def invite(
        self,
        event_id: int,
        *,
        emails: Sequence[str],
        names: Sequence[str],
        resend: bool,
        at: datetime,
    ) -> list[RSVP]:
        """Put a chunk of people on the list; gives those who are due an invitation.

        These are the new ones, known ones who were never invited and, with `resend`, all who have
        not answered. One statement, whatever the size; sorted, so that two chunks with the same
        people wait for each other in one order only.
        """
        given = (
            func.unnest(
                bindparam("emails", emails, ARRAY(Text)), bindparam("names", names, ARRAY(Text))
            )
            .table_valued("email", "name", name="given")
            .render_derived()
        )
        key = func.lower(given.c.email)
        fields = {"event_id": event_id, "source": "invitation", **_invited(at)}
        constants = [literal(value, RSVP.__table__.c[name].type) for name, value in fields.items()]
        chunk = select(given.c.email, given.c.name, *constants).ext(distinct_on(key)).order_by(key)
        statement = insert(RSVP).from_select(["email", "name", *fields], chunk)
        again = statement.on_conflict_do_update(
            index_elements=[RSVP.event_id, func.lower(literal_column("email"))],
            index_where=ON_THE_LIST,
            set_=_invited_again(statement.excluded, at),
            where=RSVP.responded_at.is_(None) & (true() if resend else RSVP.invitation == 0),
        ).returning(RSVP)
        return list(await self._session.scalars(again))


def _invited(at: datetime) -> dict[str, Any]:
    return {
        "approval": APPROVED,
        "invitation": 1,
        "invited_at": at,
        "created_at": at,
        "updated_at": at,
    }


def _invited_again(given: Any, at: datetime) -> dict[str, Any]:
    bumped = RSVP.version + 1
    changed = func.jsonb_build_object("invitation", bumped)
    return {
        "name": case((RSVP.name == "", given.name), else_=RSVP.name),
        "approval": APPROVED,
        "invitation": RSVP.invitation + 1,
        "invited_at": at,
        "updated_at": at,
        "version": bumped,
        "field_versions": RSVP.field_versions.op("||")(changed),
    }


def _event(event_id: int) -> Select[Event]:
    return select(Event).where(Event.id == event_id, Event.deleted_at.is_(None))


class GuestLists:
    """Lists of guests, each with their position in the queue."""

    def __init__(self, database: Database, cursors: Cursors) -> None:
        self._lists = Lists(database, cursors)

    async def page(self, filters: GuestFilters, page: Page) -> Listed:
        """The guests of one event, EventNotFoundError without it; or of all."""
        found, of = Conditions(), "true"
        if filters.event_id is not None:
            found.add("it.event_id = {}", filters.event_id)
            of = "exists (select from events.events where id = $1 and deleted_at is null)"
        _narrow(found, filters)
        listed = await self._lists.page(GUESTS, _order(filters), page, found=found, of=of)
        if not listed.is_known:
            raise EventNotFoundError
        return listed


def _order(filters: GuestFilters) -> Order:
    scope = f"rsvps/{filters.event_id}/{filters.sort}"
    if filters.sort is GuestSort.UPDATED:
        return Order(scope, "updated_at", "timestamptz", descending=False)
    return Order(scope, "id", "bigint", descending=filters.sort is GuestSort.NEWEST)


def _narrow(found: Conditions, filters: GuestFilters) -> None:
    if filters.updated_since is not None:
        found.add("it.updated_at >= {}", filters.updated_since)
    elif filters.status is not RSVPStatus.CANCELLED:
        found.add("it.deleted_at is null")
    if filters.status is not None:
        found.add("it.status = {}", filters.status)
    if filters.checked_in is not None:
        found.add(f"it.checked_in_at is {'not ' if filters.checked_in else ''}null")
    if filters.search is not None:
        found.search(filters.search)
