"""What editors see of mails and do about them."""

from typing import Any

import httpx
import pytest
from services.notifications.tests.factories import (
    EVENT_ID,
    answered,
    invited,
    published,
    received,
    verification_requested,
)
from sqlalchemy import text

from stitch_common.contracts import Fact
from stitch_common.database import Database
from stitch_common.testing.clock import NOW, SettableClock
from stitch_notifications.deliveries.service import DeliveryService
from stitch_notifications.settings import NotificationsSettings

URL = f"/api/notifications/{EVENT_ID}/communications"
Headers = dict[str, str]


class Post:
    """Mails that facts have made, brought into a state."""

    def __init__(self, database: Database, deliveries: DeliveryService) -> None:
        self._database = database
        self._deliveries = deliveries

    async def queue(self, *facts: Fact) -> None:
        await self._deliveries.take([(fact, received(fact)) for fact in [published(), *facts]])

    async def put(self, email: str, **values: Any) -> int:
        assignments = ", ".join(f"{name} = :{name}" for name in values)
        statement = (
            f"update notifications.deliveries set {assignments}"  # noqa: S608 - our own names
            " where recipient_email = :email returning id"
        )
        async with self._database.transaction() as session:
            found = await session.execute(text(statement), {**values, "email": email})
            return int(found.scalar_one())

    async def queued_facts(self) -> int:
        query = "select count(*) from notifications.outbox where subject like '%email.queued%'"
        async with self._database.transaction() as session:
            return int((await session.execute(text(query))).scalar_one())


@pytest.fixture
def post(database: Database, settings: NotificationsSettings, clock: SettableClock) -> Post:
    deliveries = DeliveryService(
        database, clock, give_up_after=settings.give_up_after, on_queued=lambda: None
    )
    return Post(database, deliveries)


async def test_every_mail_is_shown_with_what_has_become_of_it(
    client: httpx.AsyncClient, editor: Headers, post: Post
) -> None:
    await post.queue(invited(1, name="Ada"), verification_requested())
    await post.put(
        "guest1@example.com", status="failed", attempts=1, last_smtp_reply="550 No such user"
    )

    [shown] = (await client.get(URL, headers=editor)).json()

    assert shown["type"] == "invitation"
    assert shown["subject"] == "You are invited: Summer concert"
    assert (shown["recipient_email"], shown["recipient_name"]) == ("guest1@example.com", "Ada")
    assert (shown["delivery_status"], shown["attempts"]) == ("failed", 1)
    assert shown["last_smtp_reply"] == "550 No such user"
    assert {"sent_at", "opened_at", "clicked_at"} <= shown.keys()
    assert shown["created_at"] == "2026-03-02T12:00:00Z"
    assert shown["next_attempt_at"] is None


async def test_pages_neither_miss_nor_repeat_while_mails_are_added(
    client: httpx.AsyncClient, editor: Headers, post: Post
) -> None:
    await post.queue(*(invited(number) for number in range(1, 8)))

    first = await client.get(f"{URL}?limit=3&count=true", headers=editor)
    await post.queue(invited(8))
    second = await client.get(first.links["next"]["url"], headers=editor)
    third = await client.get(second.links["next"]["url"], headers=editor)
    skipped = await client.get(f"{URL}?limit=3&skip=4", headers=editor)

    seen = [one["rsvp_id"] for page in (first, second, third) for one in page.json()]
    assert seen == [7, 6, 5, 4, 3, 2, 1]
    assert first.headers["x-total-count"] == "7"
    assert "next" not in third.links
    assert [one["rsvp_id"] for one in skipped.json()] == [4, 3, 2]


async def test_lists_can_be_narrowed(
    client: httpx.AsyncClient, editor: Headers, post: Post
) -> None:
    await post.queue(invited(1), invited(2), answered(3))
    await post.put("guest2@example.com", status="sent")
    batch = (await client.get(f"{URL}?rsvp_id=1", headers=editor)).json()[0]["batch_id"]

    async def guests(query: str) -> list[int]:
        return [
            one["rsvp_id"] for one in (await client.get(f"{URL}?{query}", headers=editor)).json()
        ]

    assert await guests("delivery_status=sent") == [2]
    assert await guests("type=confirmation") == [3]
    assert await guests(f"batch_id={batch}") == [1]
    assert await guests("type=invitation&delivery_status=pending") == [1]


@pytest.mark.parametrize(
    "query", ["delivery_status=lost", "type=spam", "colour=red", "cursor=forged", "limit=1000"]
)
async def test_what_a_list_can_not_do_is_refused(
    client: httpx.AsyncClient, editor: Headers, post: Post, query: str
) -> None:
    await post.queue()

    assert (await client.get(f"{URL}?{query}", headers=editor)).status_code == 400


async def test_a_failed_mail_can_be_sent_again(
    client: httpx.AsyncClient, editor: Headers, post: Post, clock: SettableClock
) -> None:
    await post.queue(invited(1))
    number = await post.put("guest1@example.com", status="failed", note="It took too long.")

    answer = await client.post(f"/api/notifications/communications/{number}/retry", headers=editor)

    assert answer.status_code == 202
    assert (answer.json()["delivery_status"], answer.json()["note"]) == ("pending", None)
    assert answer.headers["etag"] == '"v2"'
    assert await post.queued_facts() == 2
    assert clock() == NOW


@pytest.mark.parametrize(
    ("status", "retried", "cancelled"),
    [
        ("pending", 409, 200),
        ("deferred", 202, 200),
        ("sending", 409, 409),
        ("sent", 409, 409),
        ("failed", 202, 409),
        ("cancelled", 202, 409),
        ("suppressed", 409, 409),
    ],
)
async def test_only_what_makes_sense_can_be_done_with_a_mail(
    client: httpx.AsyncClient,
    editor: Headers,
    post: Post,
    status: str,
    retried: int,
    cancelled: int,
) -> None:
    await post.queue(invited(1), invited(2))
    one = await post.put("guest1@example.com", status=status)
    other = await post.put("guest2@example.com", status=status)

    retry = await client.post(f"/api/notifications/communications/{one}/retry", headers=editor)
    cancel = await client.post(f"/api/notifications/communications/{other}/cancel", headers=editor)

    assert (retry.status_code, cancel.status_code) == (retried, cancelled)


async def test_all_failed_mails_of_an_event_can_be_sent_again(
    client: httpx.AsyncClient, editor: Headers, post: Post
) -> None:
    await post.queue(*(invited(number) for number in range(1, 5)))
    for number in (1, 2):
        await post.put(f"guest{number}@example.com", status="failed")

    answer = await client.post(f"/api/notifications/{EVENT_ID}/retry-failed", headers=editor)

    assert (answer.status_code, answer.json()) == (202, {"queued": 2})
    assert await post.queued_facts() == 6


async def test_numbers_are_for_everybody_with_an_account(
    client: httpx.AsyncClient, viewer: Headers, post: Post
) -> None:
    await post.queue(*(invited(number) for number in range(1, 5)))
    await post.put("guest1@example.com", status="sent", opened_at=NOW)
    await post.put("guest2@example.com", status="failed")

    answer = await client.get(f"/api/notifications/{EVENT_ID}/notification-stats", headers=viewer)

    assert answer.json() == {
        "total_sent": 1,
        "total_delivered": 1,
        "total_opened": 1,
        "total_clicked": 0,
        "bounce_rate": 0.0,
        "open_rate": 100.0,
        "click_rate": 0.0,
        "pending": 2,
        "deferred": 0,
        "failed": 1,
        "suppressed": 0,
        "cancelled": 0,
    }


async def test_an_unknown_event_or_mail_is_not_found(
    client: httpx.AsyncClient, editor: Headers, post: Post
) -> None:
    await post.queue(verification_requested())
    of_an_account = await post.put("new@example.com", status="failed")

    for path in ("99/communications", "99/notification-stats"):
        answer = await client.get(f"/api/notifications/{path}", headers=editor)
        assert answer.json()["code"] == "event-not-found"
    for number in (of_an_account, 10_000_000):
        url = f"/api/notifications/communications/{number}/retry"
        answer = await client.post(url, headers=editor)
        assert answer.json()["code"] == "communication-not-found"


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", f"{EVENT_ID}/communications"),
        ("POST", "communications/1/retry"),
        ("POST", "communications/1/cancel"),
        ("POST", f"{EVENT_ID}/retry-failed"),
    ],
)
async def test_mails_are_the_business_of_editors(
    client: httpx.AsyncClient, viewer: Headers, method: str, path: str
) -> None:
    url = f"/api/notifications/{path}"

    assert (await client.request(method, url)).status_code == 401
    assert (await client.request(method, url, headers=viewer)).status_code == 403
