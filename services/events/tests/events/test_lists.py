"""Lists of events: counts, filters, orders, pages."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient

from stitch_common.testing.clock import SettableClock

Headers = dict[str, str]
Make = Callable[..., Awaitable[dict[str, Any]]]
Statements = Callable[[], AbstractAsyncContextManager[list[str]]]
EVENTS = "/api/events"


async def titles(client: AsyncClient, headers: Headers, query: str = "") -> list[str]:
    answer = await client.get(f"{EVENTS}?{query}", headers=headers)
    assert answer.status_code == 200, answer.text
    return [event["title"] for event in answer.json()]


@pytest.fixture
async def calendar(make_event: Make) -> None:
    for month, title in enumerate(["Spring Concert", "Summer Fest", "Autumn Fair"], start=3):
        day = f"2026-{month:02}-10T10:00:00Z"
        await make_event(title=title, start_date=day, end_date=day, location="Hamburg")
    await make_event(published=False, title="Winter Ball", start_date="2026-12-10T10:00:00Z",
                     end_date="2026-12-10T10:00:00Z", location="Bremen")  # fmt: skip


@pytest.mark.usefixtures("calendar")
async def test_filters_narrow_the_list(client: AsyncClient, viewer: Headers) -> None:
    assert await titles(client, viewer, "status=draft") == ["Winter Ball"]
    assert await titles(client, viewer, "search=FES") == ["Summer Fest"]
    assert await titles(client, viewer, "search=hamb+conc") == ["Spring Concert"]
    assert await titles(client, viewer, "search=%27%3A%26%21%28") == []
    span = "from=2026-04-01T00:00:00Z&to=2026-05-31T00:00:00Z&sort=start_date"
    assert await titles(client, viewer, span) == ["Summer Fest", "Autumn Fair"]


@pytest.mark.parametrize(
    "title", ["Party-12345678", "Party-4e512345", "a.b@c.example/d_e", "Ökofest"]
)
async def test_an_event_is_found_by_its_whole_title(
    client: AsyncClient, viewer: Headers, make_event: Make, title: str
) -> None:
    await make_event(title=title)
    await make_event(title="Another")

    answer = await client.get(EVENTS, params={"search": title}, headers=viewer)

    assert [event["title"] for event in answer.json()] == [title]


@pytest.mark.usefixtures("calendar")
async def test_orders_go_both_ways(client: AsyncClient, viewer: Headers) -> None:
    by_title = ["Autumn Fair", "Spring Concert", "Summer Fest", "Winter Ball"]

    assert await titles(client, viewer, "sort=title") == by_title
    assert await titles(client, viewer, "sort=-title") == by_title[::-1]
    assert (await titles(client, viewer))[0] == "Winter Ball"


@pytest.mark.usefixtures("calendar")
@pytest.mark.parametrize("sort", ["start_date", "-created_at", "title"])
async def test_pages_join_without_gaps(client: AsyncClient, viewer: Headers, sort: str) -> None:
    whole = await titles(client, viewer, f"sort={sort}")
    url: str | None = f"{EVENTS}?sort={sort}&limit=1&count=true"
    walked = []

    while url:
        answer = await client.get(url, headers=viewer)
        assert answer.headers["x-total-count"] == "4"
        walked += [event["title"] for event in answer.json()]
        url = answer.links.get("next", {}).get("url")

    assert walked == whole
    assert await titles(client, viewer, f"sort={sort}&skip=3") == whole[3:]


@pytest.mark.parametrize(
    "query",
    ["sort=colour", "status=open", "from=2026-01-01T00:00:00", "to=0.5", "colour=red", "cursor=x"],
)
async def test_what_is_unknown_is_refused_by_name(
    client: AsyncClient, viewer: Headers, query: str
) -> None:
    answer = await client.get(f"{EVENTS}?{query}", headers=viewer)

    assert answer.status_code == 400
    assert query.split("=", maxsplit=1)[0] in answer.json()["errors"][0]["pointer"]


async def test_counts_come_with_the_list_in_one_statement(
    client: AsyncClient, viewer: Headers, make_event: Make, add_guest: Make, statements: Statements
) -> None:
    event, _other = await make_event(max_attendees=4, waitlist_enabled=True), await make_event()
    for number, status in enumerate(["accepted", "declined", "maybe", "pending"]):
        await add_guest(event, f"{number}@example.com", status=status, guest_count=3)
    await add_guest(event, "late@example.com", guest_count=2)

    async with statements() as sent:
        answer = await client.get(f"{EVENTS}?sort=created_at&count=true", headers=viewer)

    listed = answer.json()
    assert len(sent) == 1
    assert answer.headers["x-total-count"] == "2"
    counts = {name: listed[0][name] for name in listed[0] if name.endswith("_rsvps")}
    assert counts == {
        "total_rsvps": 5,
        "accepted_rsvps": 1,
        "declined_rsvps": 1,
        "maybe_rsvps": 1,
        "pending_rsvps": 1,
        "waitlisted_rsvps": 1,
    }
    assert (listed[0]["seats_taken"], listed[1]["total_rsvps"]) == (3, 0)


async def test_what_is_listed_is_what_each_one_is(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make, clock: SettableClock
) -> None:
    event = await make_event(questions=["A song?"], max_attendees=1, waitlist_enabled=True)
    clock.advance(timedelta(microseconds=1500))
    changed = {
        "questions": [{"label": "Grüße?", "options": ["é", "\u2028"], "type": "choice"}, "B"]
    }
    event = (await client.put(f"{EVENTS}/{event['id']}", json=changed, headers=editor)).json()
    party = {"guest_count": 2, "party": [{"name": '"Charles"'}]}
    guests = [await add_guest(event, f"{n}@example.com", **party, status="maybe") for n in "ab"]
    guests += [await add_guest(event, f"{n}@example.com") for n in "cd"]

    path = f"{EVENTS}/{event['id']}"
    (listed,) = (await client.get(EVENTS, headers=editor)).json()
    one = (await client.get(path, headers=editor)).json()
    everybody = (await client.get(f"{path}/rsvps?sort=id", headers=editor)).json()

    assert listed == one["event"]
    assert {name: listed[name] for name in ("questions", "updated_at", "end_date")} == {
        name: event[name] for name in ("questions", "updated_at", "end_date")
    }
    assert everybody == guests == one["rsvps"][::-1]
