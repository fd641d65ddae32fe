"""What a change of an event does to its dates, and whom it tells."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import AsyncClient

from stitch_common.contracts import Fact
from stitch_common.contracts.events import EventCancelled, EventRescheduled

Headers = dict[str, str]
Make = Callable[..., Awaitable[dict[str, Any]]]
Facts = Callable[[type[Fact]], Awaitable[list[dict[str, Any]]]]
EVENTS = "/api/events"
MAY, JUNE = "2026-05-01T18:00:00Z", "2026-06-01T18:00:00Z"


@pytest.mark.parametrize("beginning", [{}, {"end_date": None}], ids=["left out", "null"])
async def test_an_event_without_an_end_has_none_wherever_it_moves(
    client: AsyncClient, editor: Headers, beginning: dict[str, Any]
) -> None:
    draft = {"title": "Meetup", "start_date": MAY, **beginning}
    path = (await client.post(EVENTS, json=draft, headers=editor)).headers["location"]

    later = await client.patch(path, json={"start_date": JUNE}, headers=editor)
    earlier = await client.patch(path, json={"start_date": MAY}, headers=editor)

    assert (later.json()["start_date"], later.json()["end_date"]) == (JUNE, JUNE)
    assert (earlier.json()["start_date"], earlier.json()["end_date"]) == (MAY, MAY)


async def test_the_end_of_an_event_can_be_taken_away(
    client: AsyncClient, editor: Headers, make_event: Make
) -> None:
    event = await make_event()

    answer = await client.patch(f"{EVENTS}/{event['id']}", json={"end_date": None}, headers=editor)

    assert answer.json()["end_date"] == answer.json()["start_date"] == event["start_date"]


@pytest.mark.parametrize("notify", ["true", "false"])
async def test_a_dry_run_of_a_change_counts_the_status_too(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make, notify: str
) -> None:
    event = await make_event()
    await add_guest(event)
    path, query = f"{EVENTS}/{event['id']}", f"dry_run=true&notify={notify}"

    answer = await client.put(
        f"{path}?{query}", json={"title": "Off", "status": "cancelled"}, headers=editor
    )
    refused = await client.put(f"{path}?{query}", json={"status": "draft"}, headers=editor)

    told = 1 if notify == "true" else 0
    assert answer.json() == {
        "dry_run": True,
        "changed": ["title", "status"],
        "guests_to_notify": told,
    }
    assert (refused.status_code, refused.json()["code"]) == (409, "event-status")
    kept = (await client.get(path, headers=editor)).json()["event"]
    assert (kept["title"], kept["status"]) == (event["title"], "published")


async def test_a_dry_run_does_not_count_who_has_not_confirmed_their_address(
    client: AsyncClient, editor: Headers, make_event: Make
) -> None:
    event = await make_event()
    await client.post(f"{EVENTS}/{event['id']}/rsvps", json={"email": "somebody@example.com"})

    answer = await client.post(f"{EVENTS}/{event['id']}/cancel?dry_run=true", headers=editor)

    assert answer.json()["guests_to_notify"] == 0


async def test_nobody_hears_that_a_draft_is_called_off(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make, facts: Facts
) -> None:
    draft = await make_event(published=False)
    await add_guest(draft)
    path = f"{EVENTS}/{draft['id']}/cancel"

    tried = await client.post(f"{path}?dry_run=true", headers=editor)
    done = await client.post(path, headers=editor)

    assert tried.json()["guests_to_notify"] == 0
    assert done.json()["status"] == "cancelled"
    (fact,) = await facts(EventCancelled)
    assert fact["notify"] is False


async def test_a_change_of_the_zone_tells_which_one_it_was(
    client: AsyncClient, editor: Headers, make_event: Make, facts: Facts
) -> None:
    event = await make_event(timezone="Europe/Berlin")

    zone = {"timezone": "Asia/Riyadh"}
    await client.patch(f"{EVENTS}/{event['id']}", json=zone, headers=editor)

    (fact,) = await facts(EventRescheduled)
    assert (fact["previous_timezone"], fact["event"]["timezone"]) == (
        "Europe/Berlin",
        "Asia/Riyadh",
    )


async def test_links_mailed_for_an_event_that_moves_work_until_after_its_new_end(
    client: AsyncClient, editor: Headers, make_event: Make, facts: Facts
) -> None:
    event = await make_event()
    later = {"start_date": "2027-06-20T16:00:00Z", "end_date": "2027-06-20T21:00:00Z"}

    await client.patch(f"{EVENTS}/{event['id']}", json=later, headers=editor)

    (fact,) = await facts(EventRescheduled)
    assert fact["event"]["links_expire_at"] == "2027-09-18T21:00:00Z"
