"""Invitations that notifications asks for, on a real broker."""

import json
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from stitch_common.bus.consumer import Consumer
from stitch_common.contracts import Fact
from stitch_common.contracts.events import GuestInvited, InvitationsRefused
from stitch_common.contracts.notifications import InvitationsRequested, Recipient
from stitch_common.database import Database
from stitch_common.http.lists import Cursors, Page
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.traffic import Traffic
from stitch_events.events.schemas import EventCreate, EventView
from stitch_events.events.service import EventService
from stitch_events.guests.consumers import invitations_consumer
from stitch_events.guests.schemas import EditorStatus, GuestFilters, NewGuest
from stitch_events.guests.service import GuestService
from stitch_events.settings import EventsSettings

ALL = Page(limit=1000, skip=0, cursor=None, count=False)
Asks = Callable[..., InvitationsRequested]
Refusals = Callable[[], Awaitable[list[tuple[str, int, int, str]]]]


@pytest.fixture
def guests(
    shared_database: Database, clock: SettableClock, settings: EventsSettings
) -> GuestService:
    return GuestService(shared_database, clock, Cursors(settings.cursor_key))


@pytest.fixture
def events(
    shared_database: Database, clock: SettableClock, settings: EventsSettings
) -> EventService:
    return EventService(shared_database, clock, Cursors(settings.cursor_key))


@pytest.fixture
async def event(events: EventService) -> EventView:
    draft = EventCreate.model_validate({"title": "E", "start_date": "2026-06-01T18:00:00Z"})
    return await events.publish((await events.create(draft, by=1)).id, expected=None)


@pytest.fixture
def asks(event: EventView, clock: SettableClock) -> Asks:
    def request(*emails: str, **fields: Any) -> InvitationsRequested:
        recipients = [Recipient(email=email, name=email.partition("@")[0]) for email in emails]
        usual: dict[str, Any] = {"event_id": event.id, "template_id": 7, "resend": False, "part": 0}
        usual |= {"batch_id": "b-1"}
        return InvitationsRequested(
            recipients=recipients, requested_by=1, at=clock(), **{**usual, **fields}
        )

    return request


@pytest.fixture
def consumer(guests: GuestService) -> Consumer:
    return invitations_consumer(guests)


@pytest.fixture
def invited(shared_database: Database) -> Callable[[], Any]:
    """Read who was due an invitation, and which of theirs it is."""

    async def read() -> list[tuple[str, int]]:
        async with shared_database.connection() as connection:
            rows = await connection.fetch(
                "select payload from events.outbox where subject = $1 order by id",
                GuestInvited.subject,
            )
        facts = [GuestInvited.model_validate_json(row["payload"]) for row in rows]
        return sorted((fact.rsvp.email.partition("@")[0], fact.invitation) for fact in facts)

    return read


@pytest.fixture
def refusals(shared_database: Database) -> Refusals:
    """Read what was said about people who were not invited."""

    async def read() -> list[tuple[str, int, int, str]]:
        async with shared_database.connection() as connection:
            rows = await connection.fetch(
                "select payload from events.outbox where subject = $1 order by id",
                InvitationsRefused.subject,
            )
        facts = [InvitationsRefused.model_validate_json(row["payload"]) for row in rows]
        return [(fact.batch_id, fact.part, fact.refused, fact.reason) for fact in facts]

    return read


async def test_people_become_guests_and_are_due_an_invitation(
    traffic: Traffic, consumer: Consumer, asks: Asks, guests: GuestService, invited: Any,
    event: EventView,
) -> None:  # fmt: skip
    await traffic.publish(asks("ada@example.com", "bob@example.com", "ADA@example.com"))

    await traffic.handle_all(consumer)

    assert await invited() == [("ada", 1), ("bob", 1)]
    listed = json.loads((await guests.listed(GuestFilters(event_id=event.id), ALL)).json)
    assert {(g["email"], g["name"], g["status"], g["source"]) for g in listed} == {
        ("ada@example.com", "ada", "pending", "invitation"),
        ("bob@example.com", "bob", "pending", "invitation"),
    }


async def test_a_repeated_fact_and_a_repeated_request_invite_nobody_again(
    traffic: Traffic, consumer: Consumer, asks: Asks, invited: Any
) -> None:
    (fact_id,) = await traffic.publish(asks("ada@example.com"))
    await traffic.handle_all(consumer)
    await traffic.publish(asks("ada@example.com", resend=True), fact_id=fact_id)
    await traffic.publish(asks("ADA@example.com", "bob@example.com"), fact_id=uuid4())

    await traffic.handle_all(consumer)

    assert await invited() == [("ada", 1), ("bob", 1)]


async def test_resending_reaches_only_those_who_have_not_answered(
    traffic: Traffic, consumer: Consumer, asks: Asks, guests: GuestService, invited: Any,
    event: EventView, clock: SettableClock,
) -> None:  # fmt: skip
    await guests.add(event.id, NewGuest(email="came@example.com"))
    await guests.add(event.id, NewGuest(email="listed@example.com", status=EditorStatus.PENDING))
    await traffic.publish(asks("ada@example.com", "came@example.com", "listed@example.com"))
    await traffic.handle_all(consumer)
    clock.advance(timedelta(days=1))

    await traffic.publish(asks("ada@example.com", "came@example.com", resend=True))
    await traffic.handle_all(consumer)

    assert await invited() == [("ada", 1), ("ada", 2), ("listed", 1)]


async def test_requests_that_overlap_invite_everybody_once(
    traffic: Traffic, consumer: Consumer, asks: Asks, invited: Any
) -> None:
    people = [f"{n:03}@example.com" for n in range(100)]
    chunks: list[Fact] = [asks(*people[n : n + 50][:: (-1) ** n], part=n) for n in range(0, 60, 10)]

    await traffic.publish(*chunks)
    await traffic.handle_all(consumer)

    assert await invited() == [(f"{n:03}", 1) for n in range(100)]


async def test_a_request_for_an_event_that_is_not_there_is_refused(
    traffic: Traffic, consumer: Consumer, asks: Asks, invited: Any, refusals: Refusals
) -> None:
    await traffic.publish(asks("ada@example.com", event_id=999))

    await traffic.handle_all(consumer)

    assert await invited() == []
    assert await refusals() == [("b-1", 0, 1, "event-not-found")]
    assert await traffic.parked() == []


async def test_a_request_that_a_cancellation_overtakes_is_refused(
    traffic: Traffic,
    consumer: Consumer,
    asks: Asks,
    invited: Any,
    refusals: Refusals,
    events: EventService,
    event: EventView,
) -> None:
    await events.cancel(event.id, expected=None, notify=False)

    await traffic.publish(asks("ada@example.com", "bob@example.com", part=3))
    await traffic.handle_all(consumer)

    assert await invited() == []
    assert await refusals() == [("b-1", 3, 2, "event-not-open")]


async def test_people_whom_another_batch_was_faster_to_invite_are_told_of(
    traffic: Traffic, consumer: Consumer, asks: Asks, refusals: Refusals
) -> None:
    await traffic.publish(asks("ada@example.com"))
    await traffic.handle_all(consumer)

    await traffic.publish(asks("ada@example.com", "bob@example.com", batch_id="b-2"))
    await traffic.handle_all(consumer)

    assert await refusals() == [("b-2", 0, 1, "already-invited")]


async def test_a_request_that_comes_twice_is_refused_once(
    traffic: Traffic, consumer: Consumer, asks: Asks, refusals: Refusals
) -> None:
    await traffic.publish(asks("ada@example.com", event_id=999))
    await traffic.handle_all(consumer)
    await traffic.bus.js.delete_consumer("STITCH", consumer.name)
    await traffic.handle_all(consumer)

    assert len(await refusals()) == 1
