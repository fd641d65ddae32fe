"""The guest's calendar entry."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from httpx import AsyncClient
from icalendar import Calendar

Headers = dict[str, str]
Make = Callable[..., Awaitable[dict[str, Any]]]
ICS = "/api/events/rsvp/calendar.ics"


@pytest.fixture
def entry(client: AsyncClient, token_of: Callable[..., str]) -> Callable[..., Any]:
    async def fetch(rsvp: dict[str, Any]) -> tuple[Any, Any]:
        token = token_of(rsvp["id"])
        answer = await client.get(ICS, headers={"authorization": f"RSVP {token}"})
        assert answer.status_code == 200
        assert token not in answer.text
        return answer, Calendar.from_ical(answer.content)

    return fetch


async def test_the_entry_is_for_its_recipient_alone(
    make_event: Make, add_guest: Make, entry: Any
) -> None:
    event = await make_event()
    rsvp = await add_guest(event, name="Ada, Countess", status="maybe")
    await add_guest(event, "bob@example.com")

    answer, calendar = await entry(rsvp)

    (found,) = calendar.walk("VEVENT")
    assert answer.headers["content-type"].startswith("text/calendar; charset=utf-8; method=REQUEST")
    assert calendar["METHOD"] == "REQUEST"
    assert found["ATTENDEE"] == "mailto:ada@example.com"
    assert found["ATTENDEE"].params["PARTSTAT"] == "TENTATIVE"
    assert found["ATTENDEE"].params["CN"] == "Ada, Countess"
    assert "bob" not in answer.text
    assert (found["SUMMARY"], found["LOCATION"]) == (event["title"], event["location"])
    assert found["URL"] == f"https://stitch.example/e/{event['slug']}"
    assert found["SEQUENCE"] == 0


async def test_times_are_in_the_events_zone_which_is_defined(
    make_event: Make, add_guest: Make, entry: Any
) -> None:
    _answer, calendar = await entry(await add_guest(await make_event()))

    (found,) = calendar.walk("VEVENT")
    assert found["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert found["DTSTART"].dt.isoformat() == "2026-06-20T18:00:00+02:00"
    assert found["DTEND"].dt.isoformat() == "2026-06-20T23:00:00+02:00"
    assert [zone["TZID"] for zone in calendar.walk("VTIMEZONE")] == ["Europe/Berlin"]


@pytest.mark.parametrize("day", ["2026-07-01", "2045-07-01"])
async def test_the_definition_of_a_zone_holds_when_the_event_takes_place(
    make_event: Make, add_guest: Make, entry: Any, day: str
) -> None:
    at, zone = f"{day}T18:00:00-04:00", "America/New_York"
    event = await make_event(start_date=at, end_date=at, timezone=zone)

    answer, calendar = await entry(await add_guest(event))

    (found,), (defined,) = calendar.walk("VEVENT"), calendar.walk("VTIMEZONE")
    local = found["DTSTART"].dt.replace(tzinfo=defined.to_tz(lookup_tzid=False))
    assert local.isoformat() == at
    assert len(answer.content) < 2000


async def test_the_hour_that_comes_twice_is_not_taken_for_the_first(
    make_event: Make, add_guest: Make, entry: Any
) -> None:
    first, second = "2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00"
    event = await make_event(start_date=first, end_date=second)

    _answer, calendar = await entry(await add_guest(event))

    (found,) = calendar.walk("VEVENT")
    assert found["DTSTART"].params["TZID"] == "Europe/Berlin"
    assert found["DTEND"].to_ical() == b"20261025T013000Z"


async def test_uid_stays_and_sequence_rises_only_on_material_change(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make, entry: Any
) -> None:
    event = await make_event()
    rsvp = await add_guest(event)
    path = f"/api/events/{event['id']}"

    async def seen() -> tuple[str, int, str, str]:
        _answer, calendar = await entry(rsvp)
        (found,) = calendar.walk("VEVENT")
        return found["UID"], found["SEQUENCE"], calendar["METHOD"], found["STATUS"]

    first = await seen()
    await client.patch(path, json={"description": "More lanterns."}, headers=editor)
    described = await seen()
    await client.patch(path, json={"location": "Orangery"}, headers=editor)
    moved = await seen()
    await client.post(f"{path}/cancel", headers=editor)
    cancelled = await seen()

    assert described == first == (first[0], 0, "REQUEST", "CONFIRMED")
    assert moved == (first[0], 1, "REQUEST", "CONFIRMED")
    assert cancelled == (first[0], 2, "CANCEL", "CANCELLED")


async def test_an_event_without_an_end_has_none_and_utc_needs_no_definition(
    make_event: Make, add_guest: Make, entry: Any
) -> None:
    at = "2026-06-20T18:00:00Z"
    event = await make_event(start_date=at, end_date=at, timezone="UTC", description="")

    _answer, calendar = await entry(await add_guest(event))

    (found,) = calendar.walk("VEVENT")
    assert "DTEND" not in found
    assert "DESCRIPTION" not in found
    assert calendar.walk("VTIMEZONE") == []


async def test_without_a_token_there_is_no_entry(client: AsyncClient) -> None:
    assert (await client.get(ICS)).status_code == 401
