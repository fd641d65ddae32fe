"""What this service knows of events and guests, for the slices that work with them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import TypeIs

from stitch_common.contracts import Fact
from stitch_common.contracts.questions import EventNow
from stitch_common.database import Database
from stitch_notifications.audience.errors import (
    EventNotFoundError,
    EventNotKnownYetError,
    EventNotPublishedError,
    EventOverError,
)
from stitch_notifications.audience.models import KnownAnswer, KnownEvent, KnownGuest
from stitch_notifications.audience.repository import AudienceRepository
from stitch_notifications.audience.rules import (
    DELETED,
    EventFact,
    GuestFact,
    event_row,
    newest_events,
    newest_guests,
    normalised_address,
)

__all__ = [
    "Audience",
    "EventNotFoundError",
    "EventNotKnownYetError",
    "EventNotPublishedError",
    "EventOverError",
    "Introductions",
    "is_about_event",
    "is_about_guest",
    "normalised_address",
]


def is_about_event(fact: Fact) -> TypeIs[EventFact]:
    return isinstance(fact, EventFact)


def is_about_guest(fact: Fact) -> TypeIs[GuestFact]:
    return isinstance(fact, GuestFact)


class Owner(Protocol):
    """Whoever owns events."""

    async def find(self, event_id: int) -> EventNow | None:
        """None where there is no such event; EventNotKnownYetError if nobody says."""


class Introductions:
    """Lets a use case begin with an event whose newest fact has not come yet."""

    def __init__(self, database: Database, owner: Owner) -> None:
        self._database = database
        self._owner = owner

    async def of(self, event_id: int) -> EventNow | None:
        """Ask the owner about an event that is unknown, or not known to be published yet.

        Nobody holds a connection meanwhile. EventNotKnownYetError if the owner is silent about an
        event that is unknown; what is known must do for the others.
        """
        async with self._database.reading() as session:
            known = (await Audience(session).find_events([event_id])).get(event_id)
        if known and (known.is_published or known.is_off):
            return None
        try:
            return await self._owner.find(event_id)
        except EventNotKnownYetError:
            if known is None:
                raise
            return None


class Audience:
    """The picture of events and guests, within the transaction of a use case."""

    def __init__(self, session: AsyncSession) -> None:
        self._repository = AudienceRepository(session)

    async def learn_events(self, facts: Sequence[EventFact]) -> None:
        """Take over what is newer than the picture; facts may come in any order."""
        await self._repository.upsert_events(newest_events(facts))

    async def meet(self, event_id: int, told: EventNow | None) -> None:
        """Take over what the owner has said, if it has; facts go on from there."""
        if told is not None:
            await self._repository.upsert_events([event_row(event_id, told.version, told.event)])

    async def learn_guests(self, facts: Sequence[GuestFact]) -> None:
        """Take over what is newer than the picture; facts may come in any order."""
        await self._repository.upsert_guests(newest_guests(facts))

    async def hold_events(self, event_ids: Collection[int]) -> Mapping[int, KnownEvent]:
        """Keep these events as they are until the transaction ends; EventNotKnownYetError.

        A guest who is written after this is seen by whoever changes the event next.
        """
        found = await self._repository.find_events(event_ids, hold=True)
        if missing := set(event_ids) - found.keys():
            raise EventNotKnownYetError(f"Event {min(missing)} is not known yet.")
        return found

    async def get_event(self, event_id: int) -> KnownEvent:
        """Raise EventNotFoundError, also for a deleted event."""
        event = (await self.find_events([event_id])).get(event_id)
        if event is None or event.status == DELETED:
            raise EventNotFoundError
        return event

    async def expect_known(self, event_id: int) -> None:
        """Raise EventNotFoundError, but not for a deleted event: its mails were sent."""
        if not await self.find_events([event_id]):
            raise EventNotFoundError

    async def get_coming_event(
        self, event_id: int, now: datetime, *, alone: bool = False
    ) -> KnownEvent:
        """Raise EventNotFoundError, EventNotPublishedError or EventOverError.

        `alone` makes everybody else who asks so wait until the transaction ends.
        """
        if alone:
            await self._repository.lock_event(event_id)
        event = await self.get_event(event_id)
        if not event.is_published:
            raise EventNotPublishedError
        if event.read().end_date <= now:
            raise EventOverError
        return event

    async def find_events(self, event_ids: Collection[int]) -> Mapping[int, KnownEvent]:
        return await self._repository.find_events(event_ids)

    async def find_guests(self, rsvp_ids: Collection[int]) -> Mapping[int, KnownGuest]:
        return await self._repository.find_guests(rsvp_ids)

    async def answers_by_address(
        self, event_id: int, addresses: Collection[str]
    ) -> Mapping[str, KnownAnswer]:
        """What the guests among these lower-case addresses have answered."""
        return await self._repository.answers_by_address(event_id, addresses)
