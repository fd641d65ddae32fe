"""A guest's own answer, by the token of the mailed link."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any

import pytest
from httpx import AsyncClient

from stitch_common.contracts import Fact
from stitch_common.contracts.events import RSVPCancelled, RSVPPromoted, RSVPUpdated
from stitch_common.testing.clock import SettableClock

Headers = dict[str, str]
Make = Callable[..., Awaitable[dict[str, Any]]]
Facts = Callable[[type[Fact]], Awaitable[list[dict[str, Any]]]]
TokenOf = Callable[..., str]
Statements = Callable[[], AbstractAsyncContextManager[list[str]]]
OWN = "/api/events/rsvp"


@pytest.fixture
def invited(make_event: Make, add_guest: Make, token_of: TokenOf) -> Callable[..., Any]:
    """Make an event with one guest who has not answered; gives the event and the headers."""

    async def make(**fields: Any) -> tuple[dict[str, Any], Headers]:
        event = await make_event(**fields)
        rsvp = await add_guest(event, status="pending")
        return event, {"authorization": f"RSVP {token_of(rsvp['id'])}"}

    return make


async def test_a_guest_sees_the_event_and_no_ids(client: AsyncClient, invited: Any) -> None:
    event, guest = await invited()

    answer = await client.get(OWN, headers=guest)

    own = answer.json()
    assert (own["status"], own["email"]) == ("pending", "ada@example.com")
    assert own["event"]["title"] == event["title"]
    assert "id" not in own
    assert "id" not in own["event"]
    assert answer.headers["cache-control"] == "no-store"


async def test_a_guest_accepts_with_a_party(
    client: AsyncClient, invited: Any, facts: Facts
) -> None:
    event, guest = await invited(questions=[{"label": "Song?", "required": True}])
    party = [{"name": "Bob", "dietary_restrictions": "no nuts"}]
    body = {"status": "accepted", "party": party, "answers": {"song": "Dancing Queen"}}

    answer = await client.put(OWN, json=body, headers=guest)

    own = answer.json()
    assert answer.status_code == 200
    assert (own["status"], own["guest_count"], own["party"]) == ("accepted", 2, party)
    (fact,) = await facts(RSVPUpdated)
    assert (fact["previous_status"], fact["by_guest"]) == ("pending", True)
    assert fact["rsvp"]["party_size"] == 2
    assert fact["rsvp"]["event_id"] == event["id"]


async def test_repeating_an_answer_changes_nothing(
    client: AsyncClient, invited: Any, facts: Facts
) -> None:
    _event, guest = await invited()
    body = {"status": "accepted", "guest_count": 2, "dietary_restrictions": "vegan"}
    first = await client.put(OWN, json=body, headers=guest)

    second = await client.put(OWN, json=body, headers=guest)

    assert second.json() == first.json()
    assert second.headers["etag"] == first.headers["etag"]
    assert len(await facts(RSVPUpdated)) == 1


async def test_to_answer_takes_two_statements_and_to_repeat_it_one(
    client: AsyncClient, invited: Any, statements: Statements
) -> None:
    _event, guest = await invited(max_attendees=9, waitlist_enabled=True, guest_list_visible=True)

    async with statements() as to_accept:
        accepted = await client.put(OWN, json={"status": "accepted"}, headers=guest)
    async with statements() as to_repeat:
        await client.put(OWN, json={"status": "accepted"}, headers=guest)
    async with statements() as to_decline:
        declined = await client.put(OWN, json={"status": "declined"}, headers=guest)

    assert (accepted.json()["status"], declined.json()["status"]) == ("accepted", "declined")
    assert (accepted.json()["event"]["seats_left"], declined.json()["event"]["seats_left"]) == (
        8,
        9,
    )
    assert [len(to_accept), len(to_repeat), len(to_decline)] == [2, 1, 2]


async def test_only_what_is_sent_changes(client: AsyncClient, invited: Any) -> None:
    _event, guest = await invited()
    await client.put(OWN, json={"status": "maybe", "name": "Ada"}, headers=guest)

    answer = await client.put(OWN, json={"dietary_restrictions": "vegan"}, headers=guest)

    own = answer.json()
    assert (own["status"], own["name"], own["dietary_restrictions"]) == ("maybe", "Ada", "vegan")


async def test_a_question_that_was_added_later_can_be_answered(
    client: AsyncClient, editor: Headers, invited: Any
) -> None:
    event, guest = await invited()
    later = {"questions": [{"label": "Song?"}]}
    await client.patch(f"/api/events/{event['id']}", json=later, headers=editor)

    answer = await client.put(
        OWN, json={"status": "accepted", "answers": {"song": "Waterloo"}}, headers=guest
    )

    assert (answer.status_code, answer.json()["answers"]) == (200, {"song": "Waterloo"})


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"status": "accepted", "guest_count": 4}, "/guest_count"),
        ({"guest_count": 0}, "/guest_count"),
        ({"guest_count": 2, "party": [{"name": "B"}, {"name": "C"}]}, "/party"),
        ({"status": "accepted"}, "/answers/menu"),
        ({"status": "maybe", "answers": {"menu": "soup"}}, "/answers/menu"),
        ({"status": "maybe", "answers": {"colour": "red"}}, "/answers/colour"),
        ({"status": "waitlisted"}, "/status"),
    ],
)
async def test_an_answer_the_event_does_not_take_is_refused_by_name(
    client: AsyncClient, invited: Any, body: dict[str, Any], pointer: str
) -> None:
    menu = {"id": "menu", "label": "Menu", "type": "choice", "options": ["fish"], "required": True}
    _event, guest = await invited(max_party_size=3, questions=[menu])

    answer = await client.put(OWN, json=body, headers=guest)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == pointer


async def test_a_guest_who_may_only_come_alone_is_told_so(
    client: AsyncClient, invited: Any
) -> None:
    _event, guest = await invited(allow_guests=False)

    answer = await client.put(OWN, json={"status": "accepted", "guest_count": 2}, headers=guest)

    assert (answer.status_code, "alone" in answer.json()["detail"]) == (422, True)


async def test_an_answer_after_the_deadline_is_refused(
    client: AsyncClient, invited: Any, clock: SettableClock
) -> None:
    _event, guest = await invited(rsvp_deadline="2026-06-01T00:00:00Z")
    clock.set(datetime.fromisoformat("2026-06-01T00:00:01Z"))

    changed = await client.put(OWN, json={"status": "accepted"}, headers=guest)
    withdrawn = await client.delete(OWN, headers=guest)

    assert (changed.status_code, changed.json()["code"]) == (409, "rsvp-closed")
    assert withdrawn.status_code == 409
    assert (await client.get(OWN, headers=guest)).json()["event"]["is_open"] is False


async def test_an_answer_to_a_cancelled_event_is_refused(
    client: AsyncClient, editor: Headers, invited: Any
) -> None:
    event, guest = await invited()
    await client.post(f"/api/events/{event['id']}/cancel", headers=editor)

    answer = await client.put(OWN, json={"status": "accepted"}, headers=guest)

    assert (answer.status_code, answer.json()["code"]) == (409, "event-cancelled")


async def test_a_full_event_lets_guests_wait_or_refuses_them(
    client: AsyncClient, invited: Any, add_guest: Make
) -> None:
    waiting, patient = await invited(max_attendees=1, waitlist_enabled=True)
    full, unlucky = await invited(max_attendees=1)
    await add_guest(waiting, "first@example.com")
    await add_guest(full, "first@example.com")

    waits = await client.put(OWN, json={"status": "accepted"}, headers=patient)
    refused = await client.put(OWN, json={"status": "accepted"}, headers=unlucky)

    assert (waits.json()["status"], waits.json()["waitlist_position"]) == ("waitlisted", 1)
    assert (refused.status_code, refused.json()["seats_left"]) == (409, 0)


async def test_a_seat_that_is_given_back_goes_to_the_next(
    client: AsyncClient, invited: Any, add_guest: Make, facts: Facts
) -> None:
    event, guest = await invited(max_attendees=2, waitlist_enabled=True)
    await client.put(OWN, json={"status": "accepted", "guest_count": 2}, headers=guest)
    large = await add_guest(event, "large@example.com", guest_count=2)
    small = await add_guest(event, "small@example.com")

    await client.put(OWN, json={"guest_count": 1}, headers=guest)
    await client.delete(OWN, headers=guest)

    assert [large["waitlist_position"], small["waitlist_position"]] == [1, 2]
    assert [fact["rsvp_id"] for fact in await facts(RSVPPromoted)] == [small["id"]]


async def test_who_withdraws_is_off_the_list_and_the_link_ends(
    client: AsyncClient, editor: Headers, invited: Any, facts: Facts
) -> None:
    event, guest = await invited()

    answer = await client.delete(OWN, headers=guest)

    assert answer.status_code == 204
    assert (await client.get(OWN, headers=guest)).status_code == 401
    assert [fact["previous_status"] for fact in await facts(RSVPCancelled)] == ["pending"]
    detail = (await client.get(f"/api/events/{event['id']}", headers=editor)).json()
    assert (detail["rsvps"], detail["event"]["total_rsvps"]) == ([], 0)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_anything_but_one_valid_guest_token_is_refused(
    client: AsyncClient, editor: Headers, invited: Any, token_of: TokenOf, method: str
) -> None:
    _event, guest = await invited()
    token = guest["authorization"].removeprefix("RSVP ")
    other = "B" if token.endswith("A") else "A"
    attempts: list[list[tuple[str, str]]] = [
        [],
        [("authorization", f"Bearer {token}")],
        [("authorization", editor["authorization"])],
        [("authorization", "RSVP ")],
        [("authorization", f"RSVP {token[:-1]}{other}")],
        [("authorization", f"RSVP {token_of(999)}")],
        [("authorization", f"RSVP {token}"), ("authorization", f"RSVP {token}")],
        [("authorization", f"RSVP {token}"), ("authorization", editor["authorization"])],
    ]

    for headers in attempts:
        answer = await client.request(method, OWN, json={}, headers=headers)

        assert answer.status_code == 401, headers
        assert answer.headers["www-authenticate"] == 'RSVP realm="stitch"'


async def test_a_link_ends_when_it_is_rotated_or_expires(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make, token_of: TokenOf,
    clock: SettableClock,
) -> None:  # fmt: skip
    event = await make_event()
    rsvp = await add_guest(event)
    old = {"authorization": f"RSVP {token_of(rsvp['id'])}"}
    path = f"/api/events/{event['id']}/rsvps/{rsvp['id']}/rotate-link"
    await client.post(path, headers=editor)
    new = {"authorization": f"RSVP {token_of(rsvp['id'], version=2)}"}

    assert (await client.get(OWN, headers=old)).status_code == 401
    assert (await client.get(OWN, headers=new)).status_code == 200
    clock.advance(timedelta(days=366))
    assert (await client.get(OWN, headers=new)).status_code == 401


async def test_a_stale_answer_is_refused(client: AsyncClient, invited: Any) -> None:
    _event, guest = await invited()
    await client.put(OWN, json={"status": "maybe"}, headers=guest)

    answer = await client.put(
        OWN, json={"status": "accepted"}, headers={**guest, "if-match": '"v1"'}
    )

    assert answer.status_code == 412
    assert "status" in answer.json()["changed"]


async def test_others_are_named_where_the_event_shows_them(
    client: AsyncClient, invited: Any, add_guest: Make
) -> None:
    shown, guest = await invited(guest_list_visible=True)
    hidden, other = await invited()
    for event in (shown, hidden):
        await add_guest(event, "grace@example.com", name="Grace")
        await add_guest(event, "alan@example.com", name="Alan", status="declined")

    assert (await client.get(OWN, headers=guest)).json()["others"] == ["Grace"]
    assert (await client.get(OWN, headers=other)).json()["others"] == []


async def test_a_choice_that_is_no_longer_offered_keeps_nobody_from_declining(
    client: AsyncClient, editor: Headers, invited: Any
) -> None:
    menu = {"id": "menu", "label": "Menu", "type": "choice", "required": True}
    event, guest = await invited(questions=[{**menu, "options": ["Fish", "Vegan"]}])
    await client.put(OWN, json={"status": "accepted", "answers": {"menu": "Fish"}}, headers=guest)
    path = f"/api/events/{event['id']}"
    await client.patch(
        path, json={"questions": [{**menu, "options": ["Soup", "Vegan"]}]}, headers=editor
    )

    asked = await client.put(OWN, json={"status": "accepted"}, headers=guest)
    refused = await client.put(OWN, json={"answers": {"menu": "Fish"}}, headers=guest)
    phoned = await client.put(OWN, json={"phone": "030 123"}, headers=guest)
    declined = await client.put(OWN, json={"status": "declined"}, headers=guest)

    for answer in (asked, refused):
        assert answer.status_code == 422
        assert [error["pointer"] for error in answer.json()["errors"]] == ["/answers/menu"]
    assert (phoned.status_code, declined.json()["status"]) == (200, "declined")
