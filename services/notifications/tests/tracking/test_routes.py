"""Unsubscribing by the link of a mail: by a mail program, by a person, by nobody else."""

import httpx
import pytest
from services.notifications.tests.factories import EVENT_ID, invited, published, received
from sqlalchemy import text

from stitch_common.contracts.notifications import AddressSuppressed
from stitch_common.database import Database
from stitch_common.security.links import LinkSigner
from stitch_common.testing.clock import NOW, SettableClock
from stitch_notifications.deliveries.service import DeliveryService
from stitch_notifications.settings import NotificationsSettings
from stitch_notifications.tracking.service import Suppressions

ONE_CLICK = {"List-Unsubscribe": "One-Click"}
GUEST = "guest1@example.com"


@pytest.fixture
async def url(database: Database, settings: NotificationsSettings, clock: SettableClock) -> str:
    """The link of a mail about the first event; there is a second one."""
    deliveries = DeliveryService(
        database, clock, give_up_after=settings.give_up_after, on_queued=lambda: None
    )
    facts = [published(), published(8), invited(1)]
    await deliveries.take([(fact, received(fact)) for fact in facts])
    async with database.transaction() as session:
        query = text("select id from notifications.deliveries")
        delivery_id = (await session.execute(query)).scalar_one()
    links = LinkSigner(settings.link_keys, clock)
    expires_at = NOW + settings.give_up_after
    token = links.sign("unsubscribe", delivery_id, version=1, expires_at=expires_at)
    return f"/api/notifications/unsubscribe/{token}"


async def is_suppressed(database: Database, event_id: int = EVENT_ID) -> bool:
    async with database.transaction() as session:
        return GUEST in await Suppressions(session).among(event_id, [GUEST])


async def suppressions(database: Database) -> list[AddressSuppressed]:
    query = text(
        "select payload from notifications.outbox where subject like '%suppressed%' order by id"
    )
    async with database.transaction() as session:
        payloads = (await session.execute(query)).scalars()
        return [AddressSuppressed.model_validate_json(payload) for payload in payloads]


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_looking_changes_nothing_and_leaks_nothing(
    client: httpx.AsyncClient, database: Database, url: str, method: str
) -> None:
    answer = await client.request(method, url)

    assert answer.status_code == 200
    assert not await is_suppressed(database)
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert GUEST not in answer.text


async def test_one_click_of_a_mail_program_is_enough(
    client: httpx.AsyncClient, database: Database, url: str
) -> None:
    answer = await client.post(url, data=ONE_CLICK)

    assert answer.status_code == 200
    assert "You are unsubscribed" in answer.text
    # A title that is written from right to left keeps its own direction.
    assert "<bdi>Summer concert</bdi>" in answer.text
    assert await is_suppressed(database)
    assert not await is_suppressed(database, event_id=8)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_what_others_have_appended_to_the_link_does_not_matter(
    client: httpx.AsyncClient, url: str, method: str
) -> None:
    answer = await client.request(method, f"{url}?utm_source=newsletter")

    assert answer.status_code == 200


async def test_a_mail_program_may_send_a_multipart_form(
    client: httpx.AsyncClient, database: Database, url: str
) -> None:
    await client.post(url, files={"List-Unsubscribe": (None, "One-Click")})

    assert await is_suppressed(database)


async def test_unsubscribing_twice_is_said_once(
    client: httpx.AsyncClient, database: Database, url: str
) -> None:
    for _ in range(2):
        assert (await client.post(url, data=ONE_CLICK)).status_code == 200

    [fact] = await suppressions(database)
    assert (fact.reason, fact.scope) == ("unsubscribed", "event")


async def test_a_person_can_have_peace_from_every_event_and_take_it_back(
    client: httpx.AsyncClient, database: Database, url: str
) -> None:
    for answer in (await client.post(url, data={"scope": "all"}), await client.get(url)):
        assert "about any event" in answer.text
        assert "No more about any event" not in answer.text
    assert await is_suppressed(database, event_id=8)

    answer = await client.post(url, data={"undo": "true"})

    assert "Unsubscribe?" in answer.text
    assert not await is_suppressed(database)
    assert not await is_suppressed(database, event_id=8)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_forged_or_old_link_does_nothing(
    client: httpx.AsyncClient, database: Database, clock: SettableClock, url: str, method: str
) -> None:
    forged = await client.request(method, url[:-4] + "AAAA")
    clock.set(NOW.replace(year=NOW.year + 1))
    old = await client.request(method, url)

    for answer in (forged, old):
        assert answer.status_code == 404
        assert "not valid any more" in answer.text
    assert not await is_suppressed(database)
