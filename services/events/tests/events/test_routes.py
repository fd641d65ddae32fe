"""Events over HTTP."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient

from stitch_common.contracts import Fact
from stitch_common.contracts.events import (
    EventCancelled,
    EventCreated,
    EventDeleted,
    EventPublished,
    EventRescheduled,
    EventUpdated,
)
from stitch_common.testing.clock import SettableClock

Headers = dict[str, str]
Make = Callable[..., Awaitable[dict[str, Any]]]
Facts = Callable[[type[Fact]], Awaitable[list[dict[str, Any]]]]
EVENTS = "/api/events"
MEETUP = {"title": "Meetup", "start_date": "2026-05-01T18:00:00Z"}


async def test_an_editor_creates_a_draft(
    client: AsyncClient, editor: Headers, facts: Facts
) -> None:
    body = {**MEETUP, "max_attendees": 30, "questions": ["Shirt size?"], "timezone": "Asia/Tokyo"}

    answer = await client.post(f"{EVENTS}/", json=body, headers=editor)

    assert answer.status_code == 201
    event = answer.json()
    assert answer.headers["location"] == f"{EVENTS}/{event['id']}"
    assert answer.headers["etag"] == '"v1"'
    assert (event["status"], event["slug"], event["version"]) == ("draft", "meetup", 1)
    assert event["end_date"] == event["start_date"] == "2026-05-01T18:00:00Z"
    assert event["questions"][0]["label"] == "Shirt size?"
    assert (event["total_rsvps"], event["seats_taken"]) == (0, 0)
    (fact,) = await facts(EventCreated)
    assert fact["event"]["calendar_sequence"] == 0
    assert fact["event"]["uid"]


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"end_date": "2026-04-01T18:00:00Z"}, "/end_date"),
        ({"rsvp_deadline": "2026-05-02T18:00:00Z"}, "/rsvp_deadline"),
        ({"timezone": "Europe/Atlantis"}, "/timezone"),
        ({"max_attendees": 0}, "/max_attendees"),
        ({"max_party_size": 0}, "/max_party_size"),
        ({"start_date": "2026-05-01T18:00:00"}, "/start_date"),
        ({"start_date": 1777658400}, "/start_date"),
        ({"start_date": "0001-01-01T00:00:00+14:00"}, "/start_date"),
        ({"title": "  "}, "/title"),
        ({"reminder_days_before": [-1]}, "/reminder_days_before/0"),
        ({"questions": ["Same", "Same"]}, "/questions"),
        ({"questions": [{"label": "Which?", "type": "choice"}]}, "/questions/0"),
    ],
)
async def test_a_refused_field_is_named(
    client: AsyncClient, editor: Headers, fields: dict[str, Any], pointer: str
) -> None:
    answer = await client.post(EVENTS, json={**MEETUP, **fields}, headers=editor)

    assert answer.status_code == 422
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


async def test_a_text_that_was_left_blank_may_be_null(client: AsyncClient, editor: Headers) -> None:
    body = {**MEETUP, "description": None, "location": None, "end_date": None}

    answer = await client.post(EVENTS, json=body, headers=editor)

    assert answer.status_code == 201
    assert (answer.json()["description"], answer.json()["location"]) == ("", "")


async def test_an_explicit_slug_that_is_taken_is_refused_with_a_suggestion(
    client: AsyncClient, editor: Headers
) -> None:
    await client.post(EVENTS, json={**MEETUP, "slug": "spring"}, headers=editor)

    answer = await client.post(EVENTS, json={**MEETUP, "slug": "spring"}, headers=editor)

    assert (answer.status_code, answer.json()["code"]) == (409, "slug-taken")
    suggestion = answer.json()["suggestion"]
    again = await client.post(EVENTS, json={**MEETUP, "slug": suggestion}, headers=editor)
    assert again.status_code == 201


async def test_a_change_counts_a_version_and_names_what_differs(
    client: AsyncClient, editor: Headers, make_event: Make, facts: Facts
) -> None:
    event = await make_event(published=False)

    answer = await client.patch(
        f"{EVENTS}/{event['id']}",
        json={"title": "Lawn Party", "location": event["location"]},
        headers={**editor, "if-match": '"v1"'},
    )

    assert answer.status_code == 200
    assert (answer.json()["title"], answer.headers["etag"]) == ("Lawn Party", '"v2"')
    (fact,) = await facts(EventUpdated)
    assert (fact["changed"], fact["version"]) == (["title"], 2)


async def test_a_stale_change_is_refused_and_told_what_has_changed(
    client: AsyncClient, editor: Headers, make_event: Make
) -> None:
    event = await make_event(published=False)
    path = f"{EVENTS}/{event['id']}"
    await client.put(path, json={"title": "First"}, headers=editor)

    answer = await client.put(
        path, json={"title": "Second"}, headers={**editor, "if-match": '"v1"'}
    )

    assert answer.status_code == 412
    assert answer.json()["changed"] == ["title"]


async def test_a_change_that_changes_nothing_is_no_new_version(
    client: AsyncClient, editor: Headers, make_event: Make, facts: Facts
) -> None:
    event = await make_event(published=False)

    answer = await client.put(
        f"{EVENTS}/{event['id']}", json={"title": event["title"]}, headers=editor
    )

    assert answer.json()["version"] == 1
    assert await facts(EventUpdated) == []


async def test_dates_are_checked_against_those_that_stay(
    client: AsyncClient, editor: Headers, make_event: Make
) -> None:
    event = await make_event(published=False)

    answer = await client.patch(
        f"{EVENTS}/{event['id']}", json={"start_date": "2026-07-01T10:00:00Z"}, headers=editor
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/end_date"


async def test_moving_a_published_event_tells_from_where(
    client: AsyncClient, editor: Headers, make_event: Make, facts: Facts
) -> None:
    event = await make_event()

    await client.patch(
        f"{EVENTS}/{event['id']}?notify=false", json={"location": "Orangery"}, headers=editor
    )

    (fact,) = await facts(EventRescheduled)
    assert fact["previous_location"] == "Botanical Garden, Berlin"
    assert (fact["changed"], fact["notify"]) == (["location"], False)
    assert fact["event"]["calendar_sequence"] == 1
    assert await facts(EventUpdated) == []


async def test_a_dry_run_changes_nothing_and_counts_whom_it_would_tell(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make, facts: Facts
) -> None:
    event = await make_event()
    await add_guest(event, "comes@example.com")
    await add_guest(event, "does-not@example.com", status="declined")
    path = f"{EVENTS}/{event['id']}"

    moved = await client.patch(
        f"{path}?dry_run=true", json={"location": "Orangery"}, headers=editor
    )
    cancelled = await client.post(f"{path}/cancel?dry_run=true", headers=editor)

    assert moved.json() == {"dry_run": True, "changed": ["location"], "guests_to_notify": 1}
    assert cancelled.json() == {"dry_run": True, "changed": ["status"], "guests_to_notify": 1}
    kept = (await client.get(path, headers=editor)).json()["event"]
    assert (kept["location"], kept["status"]) == (event["location"], "published")
    assert await facts(EventCancelled) == []


async def test_publishing_and_cancelling_happen_once(
    client: AsyncClient, editor: Headers, make_event: Make, facts: Facts
) -> None:
    event = await make_event()
    path = f"{EVENTS}/{event['id']}"
    await client.post(f"{path}/publish", headers=editor)

    first = await client.post(f"{path}/cancel", headers=editor)
    second = await client.post(f"{path}/cancel", headers=editor)

    assert first.json()["status"] == second.json()["status"] == "cancelled"
    assert len(await facts(EventPublished)) == 1
    (fact,) = await facts(EventCancelled)
    assert (fact["notify"], fact["event"]["calendar_sequence"]) == (True, 1)
    again = await client.post(f"{path}/publish", headers=editor)
    assert (again.status_code, again.json()["code"]) == (409, "event-status")


async def test_the_status_can_be_sent_with_a_change(
    client: AsyncClient, editor: Headers, make_event: Make, facts: Facts, clock: SettableClock
) -> None:
    event = await make_event(published=False)
    path = f"{EVENTS}/{event['id']}"

    published = await client.put(
        path, json={"title": "Open", "status": "published"}, headers=editor
    )
    early = await client.put(path, json={"status": "completed"}, headers=editor)

    assert (published.json()["status"], published.json()["title"]) == ("published", "Open")
    assert early.status_code == 409
    clock.advance(timedelta(days=200))
    assert [fact["version"] for fact in await facts(EventPublished)] == [3]


async def test_only_drafts_and_cancelled_events_can_be_deleted(
    client: AsyncClient, editor: Headers, make_event: Make, facts: Facts
) -> None:
    draft, published = await make_event(published=False), await make_event()

    deleted = await client.delete(f"{EVENTS}/{draft['id']}", headers=editor)
    refused = await client.delete(f"{EVENTS}/{published['id']}", headers=editor)

    assert (deleted.status_code, refused.status_code) == (204, 409)
    assert (await client.get(f"{EVENTS}/{draft['id']}", headers=editor)).status_code == 404
    assert [fact["event_id"] for fact in await facts(EventDeleted)] == [draft["id"]]


async def test_a_duplicate_is_a_draft_without_guests(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make
) -> None:
    event = await make_event(questions=["Vegetarian?"])
    await add_guest(event)

    answer = await client.post(f"{EVENTS}/{event['id']}/duplicate", headers=editor)

    copy = answer.json()
    assert answer.status_code == 201
    assert (copy["title"], copy["status"], copy["total_rsvps"]) == (event["title"], "draft", 0)
    assert copy["slug"] != event["slug"]
    assert copy["questions"] == event["questions"]


async def test_the_public_sees_an_event_once_it_is_published(
    client: AsyncClient, make_event: Make, add_guest: Make
) -> None:
    draft = await make_event(published=False)
    event = await make_event(max_attendees=10)
    await add_guest(event, guest_count=3)

    hidden = await client.get(f"{EVENTS}/public/{draft['slug']}")
    shown = await client.get(f"{EVENTS}/public/{event['slug']}")

    assert hidden.status_code == 404
    assert (shown.json()["seats_left"], shown.json()["is_open"]) == (7, True)
    assert not {"id", "uid", "created_by"} & set(shown.json())


async def test_viewers_see_the_event_and_editors_the_guests(
    client: AsyncClient, editor: Headers, viewer: Headers, make_event: Make, add_guest: Make
) -> None:
    event = await make_event()
    await add_guest(event)
    path = f"{EVENTS}/{event['id']}"

    for_viewer = (await client.get(path, headers=viewer)).json()
    for_editor = (await client.get(path, headers=editor)).json()

    assert for_viewer["event"]["accepted_rsvps"] == 1
    assert for_viewer["rsvps"] == []
    assert [rsvp["email"] for rsvp in for_editor["rsvps"]] == ["ada@example.com"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", EVENTS),
        ("PUT", f"{EVENTS}/1"),
        ("PATCH", f"{EVENTS}/1"),
        ("DELETE", f"{EVENTS}/1"),
        ("POST", f"{EVENTS}/1/publish"),
        ("POST", f"{EVENTS}/1/cancel"),
        ("POST", f"{EVENTS}/1/duplicate"),
        ("GET", f"{EVENTS}/all-rsvps"),
        ("GET", f"{EVENTS}/1/rsvps"),
        ("PATCH", f"{EVENTS}/1/rsvps/1"),
        ("DELETE", f"{EVENTS}/1/rsvps/1"),
        ("POST", f"{EVENTS}/1/rsvps/1/approve"),
        ("POST", f"{EVENTS}/1/rsvps/1/reject"),
        ("POST", f"{EVENTS}/1/rsvps/1/rotate-link"),
    ],
)
async def test_editing_needs_an_editor(
    client: AsyncClient, viewer: Headers, method: str, path: str
) -> None:
    anonymous = await client.request(method, path, json={})
    as_viewer = await client.request(method, path, json={}, headers=viewer)

    assert (anonymous.status_code, as_viewer.status_code) == (401, 403)


@pytest.mark.parametrize("path", [EVENTS, f"{EVENTS}/1", f"{EVENTS}/1/analytics"])
async def test_reading_needs_somebody(client: AsyncClient, path: str) -> None:
    assert (await client.get(path)).status_code == 401


@pytest.mark.parametrize("path", ["", "/publish", "/cancel", "/duplicate"])
async def test_an_event_that_is_not_there_is_not_found(
    client: AsyncClient, editor: Headers, path: str
) -> None:
    method = "POST" if path else "PATCH"

    answer = await client.request(method, f"{EVENTS}/999{path}", json={}, headers=editor)

    assert (answer.status_code, answer.json()["code"]) == (404, "event-not-found")
