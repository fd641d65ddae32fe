"""What this service knows of events and guests, for the slices that work with them."""

from collections.abc import Collection, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession
from typing_extensions import TypeIs

from stitch_common.contracts import Fact
from stitch_notifications.audience.errors import (
    EventNotFoundError,
    EventNotKnownYetError,
    EventNotPublishedError,
)
from stitch_notifications.audience.models import KnownEvent, KnownGuest
from stitch_notifications.audience.repository import AudienceRepository
from stitch_notifications.audience.rules import (
    DELETED,
    EventFact,
    GuestFact,
    newest_events,
    newest_guests,
    normalised_address,
)

__all__ = [
    "Audience",
    "EventNotFoundError",
    "EventNotPublishedError",
    "is_about_event",
    "is_about_guest",
    "normalised_address",
]


def is_about_event(fact: Fact) -> TypeIs[EventFact]:
    return isinstance(fact, EventFact)


def is_about_guest(fact: Fact) -> TypeIs[GuestFact]:
    return isinstance(fact, GuestFact)


class Audience:
    """The picture of events and guests, within the transaction of a use case."""

    def __init__(self, session: AsyncSession) -> None:
        self._repository = AudienceRepository(session)

    async def learn_events(self, facts: Sequence[EventFact]) -> None:
        """Take over what is newer than the picture; facts may come in any order."""
        await self._repository.upsert_events(newest_events(facts))

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

    async def get_published_event(self, event_id: int, *, alone: bool = False) -> KnownEvent:
        """Raise EventNotFoundError or EventNotPublishedError.

        `alone` makes everybody else who asks so wait until the transaction ends.
        """
        if alone:
            await self._repository.lock_event(event_id)
        event = await self.get_event(event_id)
        if not event.is_published:
            raise EventNotPublishedError
        return event

    async def find_events(self, event_ids: Collection[int]) -> Mapping[int, KnownEvent]:
        return await self._repository.find_events(event_ids)

    async def find_guests(self, rsvp_ids: Collection[int]) -> Mapping[int, KnownGuest]:
        return await self._repository.find_guests(rsvp_ids)

    async def answers_by_address(
        self, event_id: int, addresses: Collection[str]
    ) -> Mapping[str, str]:
        """What the guests among these lower-case addresses have answered."""
        return await self._repository.answers_by_address(event_id, addresses)
