"""Use cases of events."""

import secrets
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import uuid4

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts import Fact
from stitch_common.contracts.events import (
    EventCancelled,
    EventCreated,
    EventDeleted,
    EventPublished,
    EventRescheduled,
    EventUpdated,
)
from stitch_common.contracts.questions import EventNow
from stitch_common.database import Database
from stitch_common.http.lists import Cursors, Page
from stitch_events.db import Listed
from stitch_events.events.errors import EventNotFoundError, SlugTakenError
from stitch_events.events.models import Event, EventStatus
from stitch_events.events.repository import EventLists, EventRepository
from stitch_events.events.rules import SUFFIX_LENGTH, check_dates, slug_of, slug_variant
from stitch_events.events.schemas import (
    ChangePreview,
    EmptyForNone,
    EventChange,
    EventCreate,
    EventFilters,
    EventView,
    Moment,
    PublicEvent,
)
from stitch_events.seats.service import Seating

__all__ = [
    "EmptyForNone",
    "EventNotFoundError",
    "EventService",
    "EventView",
    "Moment",
    "PublicEvent",
]

SLUG_ATTEMPTS = 5
COPIED = tuple(EventCreate.model_fields.keys() - {"slug"})


class EventService:
    """What editors do with events, and what others may see of them."""

    def __init__(self, database: Database, clock: Clock, cursors: Cursors) -> None:
        self._database = database
        self._clock = clock
        self._lists = EventLists(database, cursors)

    async def create(self, draft: EventCreate, *, by: int) -> EventView:
        """Make a draft; a slug that was asked for is taken as it is or refused."""
        async with self._database.transaction() as session:
            return await self._create(session, draft.values(), by=by, slug=draft.slug)

    async def duplicate(self, event_id: int, *, by: int) -> EventView:
        """Make a draft of the same kind, without guests."""
        async with self._database.transaction() as session:
            original = await EventRepository(session).lock(event_id)
            values = {name: getattr(original, name) for name in COPIED}
            return await self._create(session, values, by=by, slug=None)

    async def listed(self, filters: EventFilters, page: Page) -> Listed:
        return await self._lists.page(filters, page)

    async def get(self, event_id: int) -> EventView:
        async with self._database.transaction() as session:
            return EventView.model_validate(await EventRepository(session).get_counted(event_id))

    async def describe(self, event_id: int) -> EventNow:
        """Say what the newest fact about an event would say."""
        async with self._database.reading() as session:
            event = await EventRepository(session).get(event_id)
        return EventNow(version=event.version, event=event.state())

    async def get_public(self, slug: str) -> PublicEvent:
        async with self._database.transaction() as session:
            event = await EventRepository(session).get_published(slug)
        return PublicEvent.of(event, at=self._clock())

    async def change(
        self, event_id: int, change: EventChange, *, expected: int | None, notify: bool
    ) -> EventView:
        """Change fields, then the status if that was sent; a capacity that grows seats people."""
        async with self._database.transaction() as session:
            event = await EventRepository(session).lock(event_id)
            event.expect(expected)
            changed = self._revise(session, event, change.values(), notify=notify)
            if change.wanted_status is not None:
                self._move(session, event, change.wanted_status, notify=notify)
            await EventRepository(session).save()
            if "max_attendees" in changed:
                await Seating(session, event, at=self._clock()).promote()
            return await _view(session, event)

    async def preview_change(
        self, event_id: int, change: EventChange, *, expected: int | None, notify: bool
    ) -> ChangePreview:
        """Say what a change would do: which fields differ, and how many guests would be told."""
        now = self._clock()
        async with self._database.transaction() as session:
            event = await EventRepository(session).lock(event_id)
            session.expunge(event)  # nothing of what follows is written
            event.expect(expected)
            was_published = event.is_published
            changed = event.revise(change.values(), at=now)
            tells = event.is_rescheduled_by(changed)
            status = change.wanted_status
            if status is not None and event.become(status, at=now):
                changed.append("status")
                tells = tells or (was_published and status is EventStatus.CANCELLED)
            to_tell = await EventRepository(session).count_to_tell(event_id)
        return ChangePreview(changed=changed, guests_to_notify=to_tell if notify and tells else 0)

    async def publish(self, event_id: int, *, expected: int | None) -> EventView:
        """Open a draft to the public; a published event stays as it is."""
        return await self._move_to(event_id, EventStatus.PUBLISHED, expected=expected)

    async def cancel(self, event_id: int, *, expected: int | None, notify: bool) -> EventView:
        """Call an event off; done twice, it is called off once. Of a draft nobody has heard."""
        return await self._move_to(
            event_id, EventStatus.CANCELLED, expected=expected, notify=notify
        )

    async def delete(self, event_id: int, *, expected: int | None) -> None:
        """Remove a draft or a cancelled event with its guest list; the rows stay as tombstones.

        No fact tells of each guest.
        """
        now = self._clock()
        async with self._database.transaction() as session:
            event = await EventRepository(session).lock(event_id)
            event.expect(expected)
            event.delete(at=now)
            await EventRepository(session).clear_guest_list(event, at=now)
            fact = EventDeleted(event_id=event.id, version=event.version, at=now)
            Outbox(session).add(fact)

    async def _create(
        self, session: AsyncSession, values: Mapping[str, Any], *, by: int, slug: str | None
    ) -> EventView:
        check_dates(values)
        now = self._clock()
        event = Event(**values, uid=str(uuid4()), created_by=by, created_at=now, updated_at=now)
        await _add_with_slug(EventRepository(session), event, slug)
        Outbox(session).add(EventCreated(**_about(event, now)))
        return await _view(session, event)

    async def _move_to(
        self, event_id: int, status: EventStatus, *, expected: int | None, notify: bool = False
    ) -> EventView:
        async with self._database.transaction() as session:
            event = await EventRepository(session).lock(event_id)
            event.expect(expected)
            self._move(session, event, status, notify=notify)
            return await _view(session, event)

    def _revise(
        self, session: AsyncSession, event: Event, values: Mapping[str, Any], *, notify: bool
    ) -> list[str]:
        now = self._clock()
        before = {
            "previous_start_date": event.start_date,
            "previous_end_date": event.end_date,
            "previous_location": event.location,
            "previous_timezone": event.timezone,
        }
        changed = event.revise(values, at=now)
        about = {**_about(event, now), "changed": changed}
        if event.is_rescheduled_by(changed):
            Outbox(session).add(EventRescheduled(**about, **before, notify=notify))
        elif changed:
            Outbox(session).add(EventUpdated(**about))
        return changed

    def _move(
        self, session: AsyncSession, event: Event, status: EventStatus, *, notify: bool
    ) -> None:
        now, was_published = self._clock(), event.is_published
        if not event.become(status, at=now):
            return
        about = _about(event, now)
        fact: Fact = EventUpdated(**about, changed=["status"])
        if status is EventStatus.PUBLISHED:
            fact = EventPublished(**about)
        elif status is EventStatus.CANCELLED:
            fact = EventCancelled(**about, notify=notify and was_published)
        Outbox(session).add(fact)


async def _add_with_slug(repository: EventRepository, event: Event, wanted: str | None) -> None:
    """Insert under a free slug: the unique constraint decides, chance picks the next try."""
    readable = wanted or slug_of(event.title)
    event.slug = readable
    for _ in range(SLUG_ATTEMPTS):
        try:
            await repository.add(event)
        except SlugTakenError:
            event.slug = slug_variant(readable, secrets.token_hex(SUFFIX_LENGTH // 2))
            if wanted is not None:
                raise SlugTakenError.suggesting(event.slug) from None
        else:
            return
    raise SlugTakenError.suggesting(event.slug)


def _about(event: Event, at: datetime) -> dict[str, Any]:
    return {"event_id": event.id, "version": event.version, "at": at, "event": event.state()}


async def _view(session: AsyncSession, event: Event) -> EventView:
    return EventView.model_validate(await EventRepository(session).get_counted(event.id))
