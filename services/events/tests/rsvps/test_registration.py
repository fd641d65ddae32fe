"""The public form: who registers is told the same, known or not, and takes no seat by it."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient

from stitch_common.contracts import Fact
from stitch_common.contracts.events import GuestInvited, RSVPCreated, RSVPUpdated
from stitch_common.testing.clock import SettableClock

Headers = dict[str, str]
Make = Callable[..., Awaitable[dict[str, Any]]]
Facts = Callable[[type[Fact]], Awaitable[list[dict[str, Any]]]]
TokenOf = Callable[..., str]
ADA = {"email": "ada@example.com", "name": "Ada", "guest_count": 2}


def path_of(event: dict[str, Any]) -> str:
    return f"/api/events/{event['id']}/rsvps"


async def test_new_and_known_addresses_get_the_same_answer(
    client: AsyncClient, viewer: Headers, make_event: Make, add_guest: Make
) -> None:
    event = await make_event()
    await add_guest(event, "known@example.com")
    bodies = [ADA, {"email": "KNOWN@example.com"}]

    answers = [await client.post(path_of(event), json=body) for body in [*bodies, ADA]]
    answers.append(await client.post(path_of(event), json=ADA, headers=viewer))
    answers.append(await client.post(f"/api/events/public/{event['slug']}/rsvps", json=ADA))

    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.text for answer in answers}) == 1
    told = [{name for name in answer.headers if name != "x-request-id"} for answer in answers]
    assert all(names == told[0] for names in told)


async def test_a_registration_waits_for_its_link_and_takes_no_seat(
    client: AsyncClient, viewer: Headers, make_event: Make, facts: Facts
) -> None:
    event = await make_event(max_attendees=2)

    await client.post(path_of(event), json=ADA)

    now = (await client.get(f"/api/events/{event['id']}", headers=viewer)).json()["event"]
    assert (now["pending_rsvps"], now["seats_taken"]) == (1, 0)
    (fact,) = await facts(RSVPCreated)
    assert (fact["confirm_by_mail"], fact["rsvp"]["status"]) == (True, "pending")
    assert fact["rsvp"]["needs_confirmation"]


async def test_the_link_makes_it_count(
    client: AsyncClient, viewer: Headers, make_event: Make, facts: Facts, token_of: TokenOf
) -> None:
    event = await make_event(max_attendees=2)
    await client.post(path_of(event), json=ADA)
    (fact,) = await facts(RSVPCreated)
    guest = {"authorization": f"RSVP {token_of(fact['rsvp_id'])}"}
    waiting = (await client.get("/api/events/rsvp", headers=guest)).json()

    answer = await client.put("/api/events/rsvp", json={"status": "accepted"}, headers=guest)

    assert (waiting["needs_confirmation"], waiting["guest_count"]) == (True, 2)
    assert (answer.json()["status"], answer.json()["needs_confirmation"]) == ("accepted", False)
    now = (await client.get(f"/api/events/{event['id']}", headers=viewer)).json()["event"]
    assert now["seats_taken"] == 2


async def test_what_a_known_guest_has_said_stays(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make, facts: Facts
) -> None:
    event = await make_event()
    before = await add_guest(event, name="The real Ada", guest_count=3)

    await client.post(path_of(event), json={**ADA, "name": "Mallory"})

    (after,) = (await client.get(path_of(event), headers=editor)).json()
    told = {"name", "guest_count", "status", "source", "responded_at"}
    assert {name: after[name] for name in told} == {name: before[name] for name in told}
    _added, asked = await facts(RSVPCreated)
    assert (asked["confirm_by_mail"], asked["rsvp"]["needs_confirmation"]) == (True, False)


async def test_whom_an_editor_invites_as_well_need_not_confirm(
    client: AsyncClient, make_event: Make, invite: Make, facts: Facts, token_of: TokenOf
) -> None:
    event = await make_event()
    await client.post(path_of(event), json=ADA)

    await invite(event, ADA["email"])

    (fact,) = await facts(GuestInvited)
    headers = {"authorization": f"RSVP {token_of(fact['rsvp_id'])}"}
    guest = (await client.get("/api/events/rsvp", headers=headers)).json()
    assert guest["needs_confirmation"] is fact["rsvp"]["needs_confirmation"] is False


async def test_the_form_does_not_flood_anybody_with_links(
    client: AsyncClient, make_event: Make, facts: Facts, clock: SettableClock
) -> None:
    event = await make_event()

    for _ in range(3):
        await client.post(path_of(event), json=ADA)
    clock.advance(timedelta(minutes=6))
    await client.post(path_of(event), json=ADA)

    versions = [fact["version"] for fact in await facts(RSVPCreated)]
    assert versions == [1, 2]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"rsvp_deadline": "2026-03-01T00:00:00Z"}, "rsvp-closed"),
        ({"max_attendees": 1}, "event-full"),
        ({"max_party_size": 1}, "invalid-field"),
    ],
)
async def test_what_the_event_refuses_is_refused_alike(
    client: AsyncClient, make_event: Make, add_guest: Make, fields: dict[str, Any], code: str
) -> None:
    event = await make_event(**fields)
    await add_guest(event, "known@example.com")

    new = await client.post(path_of(event), json=ADA)
    known = await client.post(path_of(event), json={**ADA, "email": "known@example.com"})

    assert new.json()["code"] == known.json()["code"] == code


async def test_a_draft_is_not_there_and_a_cancelled_event_says_so(
    client: AsyncClient, editor: Headers, make_event: Make
) -> None:
    draft, cancelled = await make_event(published=False), await make_event()
    await client.post(f"/api/events/{cancelled['id']}/cancel", headers=editor)

    hidden = await client.post(path_of(draft), json=ADA)
    refused = await client.post(path_of(cancelled), json=ADA)

    assert (hidden.status_code, refused.json()["code"]) == (404, "event-cancelled")


async def test_a_token_that_is_not_valid_is_not_taken_for_anybody(
    client: AsyncClient, make_event: Make
) -> None:
    event = await make_event()

    answer = await client.post(path_of(event), json=ADA, headers={"authorization": "Bearer x.y.z"})

    assert answer.status_code == 401


async def test_who_needs_approval_waits_for_it(
    client: AsyncClient, editor: Headers, make_event: Make, facts: Facts, token_of: TokenOf
) -> None:
    event = await make_event(require_approval=True)
    for name in ("ada", "eve"):
        await client.post(path_of(event), json={"email": f"{name}@example.com"})
    ada, eve = [fact["rsvp_id"] for fact in await facts(RSVPCreated)]
    answers = [
        await client.put(
            "/api/events/rsvp",
            json={"status": "accepted"},
            headers={"authorization": f"RSVP {token_of(rsvp)}"},
        )
        for rsvp in (ada, eve)
    ]

    approved = await client.post(f"{path_of(event)}/{ada}/approve", headers=editor)
    rejected = await client.post(f"{path_of(event)}/{eve}/reject", headers=editor)

    assert all(answer.json()["awaits_approval"] for answer in answers)
    assert (approved.json()["status"], rejected.json()["status"]) == ("accepted", "declined")
    again = await client.post(f"{path_of(event)}/{ada}/approve", headers=editor)
    assert (again.status_code, again.json()["code"]) == (409, "nothing-to-approve")
    insisting = await client.put(
        "/api/events/rsvp",
        json={"status": "accepted"},
        headers={"authorization": f"RSVP {token_of(eve)}"},
    )
    assert (insisting.status_code, insisting.json()["code"]) == (409, "rsvp-rejected")
    told = await facts(RSVPUpdated)
    assert [fact["by_guest"] for fact in told] == [True, True, False, False]
    assert ["approval" in fact["changed"] for fact in told] == [False, False, True, True]
    assert [fact["rsvp"]["awaits_approval"] for fact in told] == [True, True, False, False]
    assert [fact["rsvp"]["is_rejected"] for fact in told] == [False, False, False, True]
