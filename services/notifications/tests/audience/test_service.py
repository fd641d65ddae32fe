"""The picture of events and guests: facts may come late, twice or in any order."""

import pytest
from services.notifications.tests.factories import (
    EVENT_ID,
    event_state,
    invited,
    published,
    registered,
    rsvp_state,
)

from stitch_common.contracts.events import EventDeleted, RSVPCancelled
from stitch_common.database import Database
from stitch_common.testing.clock import NOW
from stitch_notifications.audience.errors import (
    EventNotFoundError,
    EventNotKnownYetError,
    EventNotPublishedError,
)
from stitch_notifications.audience.models import KnownAnswer
from stitch_notifications.audience.service import Audience


async def test_a_late_fact_does_not_undo_a_newer_one(database: Database) -> None:
    async with database.transaction() as session:
        audience = Audience(session)

        await audience.learn_events([published(version=3, title="Moved")])
        await audience.learn_events([published(version=2, title="First")])

        assert (await audience.get_event(EVENT_ID)).read() == event_state(title="Moved")


async def test_of_several_facts_in_a_batch_the_highest_version_counts(database: Database) -> None:
    async with database.transaction() as session:
        audience = Audience(session)

        await audience.learn_guests(
            [invited(1, version=2, status="accepted"), invited(1, version=1), invited(2)]
        )

        guests = await audience.find_guests([1, 2])
        assert [guests[1].status, guests[2].status] == ["accepted", "pending"]


async def test_a_deleted_event_can_not_be_brought_back_by_a_late_fact(database: Database) -> None:
    async with database.transaction() as session:
        audience = Audience(session)
        await audience.learn_events([EventDeleted(event_id=EVENT_ID, version=5, at=NOW)])

        await audience.learn_events([published(version=4)])

        with pytest.raises(EventNotFoundError):
            await audience.get_event(EVENT_ID)


async def test_a_draft_is_known_but_not_published(database: Database) -> None:
    async with database.transaction() as session:
        audience = Audience(session)

        await audience.learn_events([published(status="draft")])

        with pytest.raises(EventNotPublishedError):
            await audience.get_coming_event(EVENT_ID, NOW)


async def test_a_guest_fact_waits_for_its_event(database: Database) -> None:
    async with database.transaction() as session:
        with pytest.raises(EventNotKnownYetError):
            await Audience(session).hold_events([EVENT_ID])


async def test_guests_are_found_by_address_unless_they_are_off_the_list(
    database: Database,
) -> None:
    async with database.transaction() as session:
        audience = Audience(session)
        await audience.learn_guests([invited(1, email="Ada@Example.com"), invited(2)])
        await audience.learn_guests(
            [
                RSVPCancelled(
                    rsvp_id=2, version=2, at=NOW, rsvp=rsvp_state(2), previous_status="pending"
                )
            ]
        )

        found = await audience.answers_by_address(
            EVENT_ID, ["ada@example.com", "guest2@example.com"]
        )

        assert found == {"ada@example.com": KnownAnswer("pending", was_invited=True)}


async def test_a_stranger_counts_once_they_have_used_their_link(database: Database) -> None:
    async with database.transaction() as session:
        audience = Audience(session)

        await audience.learn_guests([registered(1)])
        before = (await audience.find_guests([1]))[1].awaits_confirmation
        await audience.learn_guests([invited(1, version=2, status="accepted")])
        after = (await audience.find_guests([1]))[1].awaits_confirmation

        assert (before, after) == (True, False)
