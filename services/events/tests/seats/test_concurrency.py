"""Seats under real concurrency: many connections, real commits."""

import asyncio
from collections import Counter
from collections.abc import Coroutine
from typing import Any
from uuid import uuid4

import pytest
from pydantic import TypeAdapter

from stitch_common.bus.inbox import Received
from stitch_common.contracts import Fact
from stitch_common.contracts.events import EventCancelled, RSVPPromoted, RSVPUpdated
from stitch_common.contracts.notifications import InvitationsRequested, Recipient
from stitch_common.database import Database
from stitch_common.errors import StitchError
from stitch_common.http.lists import Cursors, Page
from stitch_common.security.links import LinkSigner
from stitch_common.testing.clock import NOW, SettableClock
from stitch_common.testing.databases import Databases
from stitch_events.events.schemas import EventChange, EventCreate, EventView
from stitch_events.events.service import EventService
from stitch_events.guests.schemas import GuestFilters, GuestSort, NewGuest
from stitch_events.guests.service import GuestService
from stitch_events.rsvps.schemas import AnswerStatus, RSVPAnswer
from stitch_events.rsvps.service import EventFullError, RSVPService, RSVPView
from stitch_events.settings import EventsSettings

CAPACITY = 10
DECLINING = RSVPAnswer(status=AnswerStatus.DECLINED)
GUESTS = TypeAdapter(list[RSVPView])
ALL = Page(limit=1000, skip=0, cursor=None, count=False)


class Hall:
    """One event on a database with a pool, and its guests with their links."""

    def __init__(self, database: Database, clock: SettableClock, settings: EventsSettings) -> None:
        cursors = Cursors(settings.cursor_key)
        links = LinkSigner(settings.link_keys, clock)
        self.events = EventService(database, clock, cursors)
        self.guests = GuestService(database, clock, cursors)
        self.rsvps = RSVPService(database, clock, links)
        self._links = links
        self._database = database

    async def open(self, **fields: Any) -> EventView:
        draft = EventCreate.model_validate(
            {"title": "Hall", "start_date": "2026-06-01T18:00:00Z", **fields}
        )
        event = await self.events.create(draft, by=1)
        return await self.events.publish(event.id, expected=None)

    async def expect_guests(self, event: EventView, number: int) -> list[str]:
        """Invite people, who have not answered then; gives their tokens in the order of ids."""
        people = [
            Recipient(email=f"guest{n}@example.com", name=f"Guest {n}") for n in range(number)
        ]
        request = InvitationsRequested(
            batch_id="b", part=0, event_id=event.id, recipients=people, template_id=None,
            resend=False, requested_by=1, at=NOW,
        )  # fmt: skip
        await self.guests.invite(request, received())
        listed = await self.guests.listed(
            GuestFilters(event_id=event.id, sort=GuestSort.OLDEST), ALL
        )
        return [
            self._links.sign("rsvp", guest.id, version=1, expires_at=event.end_date)
            for guest in GUESTS.validate_json(listed.json)
        ]

    async def standing(self, event: EventView) -> tuple[EventView, list[Any]]:
        listed = await self.guests.listed(GuestFilters(event_id=event.id), ALL)
        return await self.events.get(event.id), GUESTS.validate_json(listed.json)

    async def promotions(self) -> Counter[str]:
        return Counter(await self.told(RSVPPromoted))

    async def told(self, *facts: type[Fact]) -> list[str]:
        """Whom each of these facts is about, in the order in which they were recorded."""
        async with self._database.connection() as connection:
            rows = await connection.fetch(
                "select headers ->> 'ce-subject' as about from events.outbox "
                "where subject = any($1) order by id",
                [fact.subject for fact in facts],
            )
        return [row["about"] for row in rows]


def received() -> Received:
    return Received(
        fact_id=uuid4(),
        consumer="events-invitations",
        subject=InvitationsRequested.subject,
        sequence=0,
        occurred_at=NOW,
        delivered=1,
        request_id=None,
        stream_sequence=1,
    )


@pytest.fixture
def hall(shared_database: Database, clock: SettableClock, settings: EventsSettings) -> Hall:
    return Hall(shared_database, clock, settings)


def accepting(party: int = 1) -> RSVPAnswer:
    return RSVPAnswer(status=AnswerStatus.ACCEPTED, guest_count=party)


async def outcomes(calls: list[Coroutine[Any, Any, Any]]) -> Counter[str]:
    """Do all at once; gives how often each status or error came out."""
    results = await asyncio.gather(*calls, return_exceptions=True)
    return Counter(_outcome(result) for result in results)


def _outcome(result: Any) -> str:
    if isinstance(result, StitchError):
        return result.code
    if isinstance(result, BaseException):
        raise result
    return str(result.status)


async def test_ten_times_the_capacity_seats_exactly_the_capacity(hall: Hall) -> None:
    event = await hall.open(max_attendees=CAPACITY, waitlist_enabled=True)
    tokens = await hall.expect_guests(event, 10 * CAPACITY)

    came_out = await outcomes([hall.rsvps.respond(token, accepting()) for token in tokens])

    assert came_out == {"accepted": CAPACITY, "waitlisted": 9 * CAPACITY}
    now, guests = await hall.standing(event)
    assert now.seats_taken == now.accepted_rsvps == CAPACITY
    positions = sorted(g.waitlist_position for g in guests if g.waitlist_position)
    assert positions == list(range(1, 9 * CAPACITY + 1))


async def test_without_a_waitlist_the_rest_is_refused(hall: Hall) -> None:
    event = await hall.open(max_attendees=CAPACITY)
    tokens = await hall.expect_guests(event, 5 * CAPACITY)

    came_out = await outcomes(
        [hall.rsvps.respond(t, accepting(1 + n % 3)) for n, t in enumerate(tokens)]
    )

    assert came_out[EventFullError.code] == 5 * CAPACITY - came_out["accepted"]
    now, guests = await hall.standing(event)
    assert now.seats_taken == sum(g.guest_count for g in guests if g.status == "accepted")
    assert CAPACITY - 2 <= now.seats_taken <= CAPACITY


async def test_freed_seats_go_to_those_who_wait_each_told_once(hall: Hall) -> None:
    event = await hall.open(max_attendees=CAPACITY, waitlist_enabled=True)
    tokens = await hall.expect_guests(event, 3 * CAPACITY)
    seated, waiting = tokens[:CAPACITY], tokens[CAPACITY:]
    for token in seated:
        await hall.rsvps.respond(token, accepting())
    for token in waiting:
        await hall.rsvps.respond(token, accepting())

    came_out = await outcomes([hall.rsvps.respond(token, DECLINING) for token in seated])

    assert came_out == {"declined": CAPACITY}
    now, guests = await hall.standing(event)
    in_order = sorted(guests, key=lambda guest: guest.id)
    assert [g.status for g in in_order[CAPACITY : 2 * CAPACITY]] == ["accepted"] * CAPACITY
    assert (now.seats_taken, now.waitlisted_rsvps) == (CAPACITY, CAPACITY)
    promotions = await hall.promotions()
    assert promotions == {str(g.id): 1 for g in in_order[CAPACITY : 2 * CAPACITY]}


async def test_everything_at_once_keeps_the_books_right(hall: Hall) -> None:
    event = await hall.open(max_attendees=CAPACITY, waitlist_enabled=True)
    tokens = await hall.expect_guests(event, 4 * CAPACITY)
    answers = list(AnswerStatus)

    def answer(n: int, token: str) -> Coroutine[Any, Any, Any]:
        status = answers[n % 5 % len(answers)]
        return hall.rsvps.respond(token, RSVPAnswer(status=status, guest_count=1 + n % 4))

    for shift in range(3):
        await outcomes([answer(n + shift, token) for n, token in enumerate(tokens)])

    now, guests = await hall.standing(event)
    assert now.seats_taken == sum(g.guest_count for g in guests if g.status == "accepted")
    assert now.seats_taken <= CAPACITY
    left = CAPACITY - now.seats_taken
    assert all(g.guest_count > left for g in guests if g.status == "waitlisted")


async def test_seats_without_end_are_counted_right_and_each_answer_is_told_once(
    hall: Hall,
) -> None:
    event = await hall.open()
    tokens = await hall.expect_guests(event, 5 * CAPACITY)

    came = await outcomes([hall.rsvps.respond(t, accepting(2)) for t in tokens for _ in range(3)])
    went = await outcomes([hall.rsvps.respond(t, DECLINING) for t in tokens[:CAPACITY]])

    assert (came, went) == ({"accepted": 15 * CAPACITY}, {"declined": CAPACITY})
    now, guests = await hall.standing(event)
    assert (now.seats_taken, {guest.version for guest in guests}) == (8 * CAPACITY, {2, 3})
    assert len(await hall.told(RSVPUpdated)) == 6 * CAPACITY


async def test_of_parallel_answers_with_one_version_one_succeeds(hall: Hall) -> None:
    (token,) = await hall.expect_guests(await hall.open(), 1)

    came_out = await outcomes(
        [hall.rsvps.respond(token, accepting(1 + n), expected=1) for n in range(10)]
    )

    assert came_out == {"accepted": 1, "stale-version": 9}


async def test_no_answer_is_recorded_after_the_event_was_called_off(hall: Hall) -> None:
    event = await hall.open()
    tokens = await hall.expect_guests(event, 3 * CAPACITY)

    async def cancel() -> None:
        await asyncio.sleep(0.02)
        await hall.events.cancel(event.id, expected=None, notify=True)

    answers = [hall.rsvps.respond(token, accepting()) for token in tokens]
    came_out, _ = await asyncio.gather(outcomes(answers), cancel())

    told = await hall.told(RSVPUpdated, EventCancelled)
    assert told[-1] == str(event.id)
    assert came_out["accepted"] == len(told) - 1
    assert came_out["event-cancelled"] == len(tokens) - came_out["accepted"]


async def test_an_answer_wakes_the_relay_and_a_repeated_one_does_not(
    service_databases: Databases, clock: SettableClock, settings: EventsSettings
) -> None:
    woken: list[str] = []
    async with service_databases.fresh("stitch_events") as dsn:
        database = Database.connect(
            dsn, application_name="test", on_commit=lambda: woken.append("relay")
        )
        hall = Hall(database, clock, settings)
        (token,) = await hall.expect_guests(await hall.open(), 1)
        woken.clear()

        for _ in range(2):
            await hall.rsvps.respond(token, accepting())
        await database.dispose()

    assert woken == ["relay"]


async def test_inviting_those_who_just_answer_hinders_nobody(hall: Hall) -> None:
    event = await hall.open(max_attendees=CAPACITY, waitlist_enabled=True)
    tokens = await hall.expect_guests(event, 3 * CAPACITY)
    for token in tokens:
        await hall.rsvps.respond(token, accepting())

    answers = [hall.rsvps.respond(token, DECLINING) for token in tokens[::-1]]
    came_out, *_ = await asyncio.gather(
        outcomes(answers), *(hall.expect_guests(event, 3 * CAPACITY) for _ in range(5))
    )

    assert came_out == {"declined": 3 * CAPACITY}


async def test_fifty_events_of_one_title_have_fifty_slugs(hall: Hall) -> None:
    created = await asyncio.gather(*(hall.open(title="Same Title") for _ in range(50)))

    assert len({event.slug for event in created}) == 50
    assert "same-title" in {event.slug for event in created}


async def test_one_address_that_registers_twice_at_once_is_one_guest(hall: Hall) -> None:
    event = await hall.open()

    def add() -> Coroutine[Any, Any, Any]:
        return hall.guests.add(event.id, NewGuest(email="Ada@example.com"))

    came_out = await outcomes([add() for _ in range(10)])

    assert came_out == {"accepted": 1, "guest-exists": 9}
    now, _guests = await hall.standing(event)
    assert (now.total_rsvps, now.seats_taken) == (1, 1)


async def test_of_parallel_changes_with_one_version_one_succeeds(hall: Hall) -> None:
    event = await hall.open()

    def change(number: int) -> Coroutine[Any, Any, Any]:
        new = EventChange(title=f"Title {number}")
        return hall.events.change(event.id, new, expected=event.version, notify=True)

    came_out = await outcomes([change(number) for number in range(20)])

    assert came_out == {"published": 1, "stale-version": 19}
