"""Reminding guests over HTTP."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from services.notifications.tests.factories import (
    EVENT_ID,
    Nobody,
    answered,
    event_state,
    published,
    received,
    registered,
)
from sqlalchemy import text

from stitch_common.database import Database
from stitch_common.security.principals import Role
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.tokens import Issuer
from stitch_notifications.audience.service import Introductions
from stitch_notifications.deliveries.service import DeliveryService
from stitch_notifications.reminders.service import ReminderService
from stitch_notifications.settings import NotificationsSettings

URL = f"/api/notifications/{EVENT_ID}/send-reminders"
ANSWERS = {1: "pending", 2: "accepted", 3: "maybe", 4: "declined", 5: "waitlisted"}
Headers = dict[str, str]


@pytest.fixture(autouse=True)
async def guests(database: Database, settings: NotificationsSettings, clock: SettableClock) -> None:
    await learn(database, settings, clock)


async def learn(database: Database, settings: NotificationsSettings, clock: SettableClock) -> None:
    deliveries = DeliveryService(
        database, clock, give_up_after=settings.give_up_after, on_queued=lambda: None
    )
    known = [answered(number, status=answer, by_guest=False) for number, answer in ANSWERS.items()]
    waiting = answered(7, status="pending", awaits_approval=True)
    facts = [published(), published(8, status="draft"), *known, registered(6), waiting]
    await deliveries.take([(fact, received(fact)) for fact in facts])


async def reminded(database: Database) -> list[int]:
    query = "select rsvp_id from notifications.deliveries where kind = 'reminder' order by rsvp_id"
    async with database.transaction() as session:
        return list((await session.execute(text(query))).scalars())


@pytest.mark.parametrize(
    ("body", "numbers"),
    [
        ({"audience": "pending"}, [1]),
        ({"audience": "accepted"}, [2]),
        ({"audience": "all"}, [1, 2, 3]),
        (None, [1, 2, 3]),
    ],
)
async def test_people_who_declined_are_never_chased(
    client: httpx.AsyncClient,
    editor: Headers,
    database: Database,
    body: dict[str, str] | None,
    numbers: list[int],
) -> None:
    answer = await client.post(URL, json=body, headers=editor)

    assert (answer.status_code, answer.json()["queued"]) == (202, len(numbers))
    assert await reminded(database) == numbers
    batch = await client.get(answer.headers["location"], headers=editor)
    assert batch.json()["kind"] == "reminder"
    assert batch.json()["deliveries"] == {"pending": len(numbers)}


async def test_a_repeated_request_with_one_key_reminds_once(
    client: httpx.AsyncClient, editor: Headers, database: Database
) -> None:
    for _ in range(2):
        await client.post(URL, headers={**editor, "idempotency-key": "once"})

    assert await reminded(database) == [1, 2, 3]


async def test_there_must_be_something_to_remind_of(
    client: httpx.AsyncClient, editor: Headers
) -> None:
    unknown = await client.post("/api/notifications/99/send-reminders", headers=editor)
    draft = await client.post("/api/notifications/8/send-reminders", headers=editor)

    assert (unknown.status_code, draft.status_code) == (503, 409)  # nobody says that there is none


async def test_nobody_is_reminded_of_what_is_over(
    client: httpx.AsyncClient, issuer: Issuer, clock: SettableClock, database: Database
) -> None:
    clock.set(event_state().end_date)

    answer = await client.post(URL, headers=issuer.headers(Role.EDITOR, user_id=2))

    assert (answer.status_code, answer.json()["code"]) == (409, "event-over")
    assert await reminded(database) == []


async def test_nobody_else_is_chased(client: httpx.AsyncClient, editor: Headers) -> None:
    answer = await client.post(URL, json={"audience": "declined"}, headers=editor)

    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/audience")


async def test_reminding_is_for_editors(client: httpx.AsyncClient, viewer: Headers) -> None:
    assert (await client.post(URL)).status_code == 401
    assert (await client.post(URL, headers=viewer)).status_code == 403


async def test_who_was_reminded_within_the_hour_is_not_reminded_again(
    client: httpx.AsyncClient,
    editor: Headers,
    database: Database,
    clock: SettableClock,
    issuer: Issuer,
) -> None:
    first = await client.post(URL, json={"audience": "accepted"}, headers=editor)
    clock.advance(timedelta(seconds=1))
    second = await client.post(URL, json={"audience": "all"}, headers=editor)
    clock.advance(timedelta(minutes=61))
    later = issuer.headers(Role.EDITOR, user_id=2)
    third = await client.post(URL, json={"audience": "all"}, headers=later)

    queued = [answer.json()["queued"] for answer in (first, second, third)]
    assert queued == [1, 2, 3]
    assert await reminded(database) == [1, 1, 2, 2, 3, 3]


async def test_a_reminder_that_was_cancelled_does_not_count(
    client: httpx.AsyncClient, editor: Headers, database: Database
) -> None:
    await client.post(URL, json={"audience": "accepted"}, headers=editor)
    async with database.transaction() as session:
        await session.execute(
            text("update notifications.deliveries set status = 'cancelled' where rsvp_id = 2")
        )

    again = await client.post(URL, json={"audience": "accepted"}, headers=editor)

    assert again.json()["queued"] == 1


async def test_of_reminders_at_the_same_moment_each_guest_gets_one(
    fresh_dsn: str, settings: NotificationsSettings, clock: SettableClock
) -> None:
    database = Database.connect(fresh_dsn, application_name="test", pool_size=8)
    await learn(database, settings, clock)
    reminders = ReminderService(
        database,
        clock,
        Introductions(database, Nobody()),
        give_up_after=settings.give_up_after,
    )

    batches = await asyncio.gather(
        *(reminders.remind(EVENT_ID, {"accepted", "pending"}, requested_by=2) for _ in range(8))
    )

    assert sorted(batch.queued for batch in batches) == [0] * 7 + [2]
    assert await reminded(database) == [1, 2]
    await database.dispose()
