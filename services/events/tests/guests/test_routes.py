"""The guest list as editors keep it."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from httpx import AsyncClient

from stitch_common.contracts import Fact
from stitch_common.contracts.events import RSVPCancelled, RSVPCreated, RSVPPromoted, RSVPUpdated
from stitch_common.security.principals import Role
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.tokens import Issuer

Headers = dict[str, str]
Make = Callable[..., Awaitable[dict[str, Any]]]
Facts = Callable[[type[Fact]], Awaitable[list[dict[str, Any]]]]
TokenOf = Callable[..., str]


def path_of(rsvp: dict[str, Any]) -> str:
    return f"/api/events/{rsvp['event_id']}/rsvps/{rsvp['id']}"


async def listed(client: AsyncClient, editor: Headers, path: str) -> list[str]:
    answer = await client.get(path, headers=editor)
    assert answer.status_code == 200, answer.text
    return [rsvp["email"].partition("@")[0] for rsvp in answer.json()]


async def test_an_editors_guest_takes_the_seat_at_once(
    client: AsyncClient, editor: Headers, make_event: Make, facts: Facts
) -> None:
    event = await make_event(max_attendees=3)
    path = f"/api/events/{event['id']}/rsvps"

    answer = await client.post(
        path,
        json={"email": "ada@example.com", "guest_count": 2, "phone": None, "name": None},
        headers=editor,
    )

    rsvp = answer.json()
    assert (answer.status_code, rsvp["status"], rsvp["version"]) == (201, "accepted", 1)
    assert (answer.headers["location"], answer.headers["etag"]) == (path_of(rsvp), '"v1"')
    (fact,) = await facts(RSVPCreated)
    assert (fact["confirm_by_mail"], fact["rsvp"]["party_size"]) == (False, 2)
    too_many = {"email": "bob@example.com", "guest_count": 2}
    full = await client.post(path, json=too_many, headers=editor)
    assert (full.status_code, full.json()["seats_left"]) == (409, 1)


async def test_an_address_is_on_the_list_once(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make
) -> None:
    event = await make_event()
    await add_guest(event, "Ada@Example.com")

    answer = await client.post(
        f"/api/events/{event['id']}/rsvps", json={"email": "ada@example.com"}, headers=editor
    )

    assert (answer.status_code, answer.json()["code"]) == (409, "guest-exists")


async def test_an_editor_changes_an_answer_also_after_the_deadline(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make, clock: SettableClock,
    issuer: Issuer, facts: Facts,
) -> None:  # fmt: skip
    rsvp = await add_guest(await make_event())
    clock.advance(timedelta(days=150))

    answer = await client.patch(
        path_of(rsvp),
        json={"status": "declined"},
        headers={**issuer.headers(Role.EDITOR), "if-match": '"v1"'},
    )

    assert (answer.status_code, answer.json()["status"]) == (200, "declined")
    (fact,) = await facts(RSVPUpdated)
    assert (fact["by_guest"], fact["changed"]) == (False, ["status"])


async def test_a_stale_change_is_refused(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make
) -> None:
    rsvp = await add_guest(await make_event())
    await client.patch(path_of(rsvp), json={"name": "Ada"}, headers=editor)

    for method in ("PATCH", "DELETE"):
        answer = await client.request(
            method, path_of(rsvp), json={}, headers={**editor, "if-match": '"v1"'}
        )
        assert (answer.status_code, answer.json()["changed"]) == (412, ["name"])


async def test_a_removed_guest_makes_room_and_leaves_a_tombstone(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make, facts: Facts,
    clock: SettableClock, token_of: TokenOf,
) -> None:  # fmt: skip
    event = await make_event(max_attendees=1, waitlist_enabled=True)
    first, second = await add_guest(event, "a@example.com"), await add_guest(event, "b@example.com")
    before = clock()
    clock.advance(timedelta(minutes=1))

    answer = await client.delete(path_of(first), headers=editor)

    assert answer.status_code == 204
    assert [fact["rsvp_id"] for fact in await facts(RSVPCancelled)] == [first["id"]]
    assert [fact["rsvp_id"] for fact in await facts(RSVPPromoted)] == [second["id"]]
    guests = f"/api/events/{event['id']}/rsvps"
    assert await listed(client, editor, guests) == ["b"]
    since = f"{guests}?updated_since={before.isoformat().replace('+00:00', 'Z')}"
    assert sorted(await listed(client, editor, since)) == ["a", "b"]
    link = {"authorization": f"RSVP {token_of(first['id'])}"}
    assert (await client.get("/api/events/rsvp", headers=link)).status_code == 401
    again = await client.post(guests, json={"email": "a@example.com"}, headers=editor)
    assert (again.status_code, again.json()["status"]) == (201, "waitlisted")


async def test_filters_narrow_the_list(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make
) -> None:
    event, other = await make_event(), await make_event()
    await add_guest(event, "ada@engines.example", name="Ada Lovelace", company="Analytical")
    await add_guest(event, "alan@example.com", name="Alan Turing", status="maybe")
    await add_guest(other, "grace@example.com", name="Grace Hopper")
    guests = f"/api/events/{event['id']}/rsvps"

    assert await listed(client, editor, guests) == ["alan", "ada"]
    assert await listed(client, editor, f"{guests}?status=maybe") == ["alan"]
    assert await listed(client, editor, f"{guests}?search=love+analy") == ["ada"]
    assert await listed(client, editor, f"{guests}?search=engines") == ["ada"]
    assert await listed(client, editor, f"{guests}?checked_in=true") == []
    everywhere = "/api/events/all-rsvps"
    assert await listed(client, editor, everywhere) == ["grace", "alan", "ada"]
    assert await listed(client, editor, f"{everywhere}?event_id={other['id']}") == ["grace"]
    assert await listed(client, editor, f"{everywhere}?checked_in=false&sort=id&limit=1") == ["ada"]


async def test_pages_join_without_gaps(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make
) -> None:
    event = await make_event()
    for n in range(5):
        await add_guest(event, f"{n}@example.com")
    url: str | None = f"/api/events/{event['id']}/rsvps?limit=2&count=true"
    walked: list[str] = []

    while url:
        answer = await client.get(url, headers=editor)
        walked += [rsvp["email"][0] for rsvp in answer.json()]
        url = answer.links.get("next", {}).get("url")

    assert walked == list("43210")


async def test_the_old_path_takes_the_guest_or_an_editor(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make, token_of: TokenOf
) -> None:
    rsvp = await add_guest(await make_event())
    path, guest = f"/api/events/rsvps/{rsvp['id']}", f"RSVP {token_of(rsvp['id'])}"

    by_guest = await client.put(path, json={"status": "maybe"}, headers={"authorization": guest})
    by_editor = await client.put(path, json={"status": "accepted"}, headers=editor)

    assert (by_guest.status_code, by_guest.json()["status"]) == (200, "maybe")
    assert (by_editor.status_code, by_editor.json()["status"]) == (200, "accepted")


async def test_without_a_valid_token_known_and_unknown_ids_look_alike(
    client: AsyncClient, viewer: Headers, make_event: Make, add_guest: Make, token_of: TokenOf
) -> None:
    event = await make_event()
    rsvp, other = await add_guest(event), await add_guest(event, "bob@example.com")
    tokens = [token_of(other["id"]), token_of(rsvp["id"], version=2), "x", ""]
    attempts: list[Headers] = [{}, *({"authorization": f"RSVP {token}"} for token in tokens)]

    for headers in attempts:
        answers = [
            await client.put(f"/api/events/rsvps/{n}", json={"status": "maybe"}, headers=headers)
            for n in (rsvp["id"], 10**9)
        ]
        told = [(a.status_code, a.json()["code"], a.json()["detail"]) for a in answers]
        assert told[0] == told[1]
        assert told[0][:2] == (404, "rsvp-not-found")
    refused = await client.put(f"/api/events/rsvps/{rsvp['id']}", json={}, headers=viewer)
    assert refused.status_code == 403


async def test_a_guest_may_not_say_what_only_an_editor_may(
    client: AsyncClient, make_event: Make, add_guest: Make, token_of: TokenOf
) -> None:
    rsvp = await add_guest(await make_event())
    guest = {"authorization": f"RSVP {token_of(rsvp['id'])}"}

    answer = await client.put(
        f"/api/events/rsvps/{rsvp['id']}", json={"status": "pending"}, headers=guest
    )

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/status"


async def test_guests_of_another_event_are_not_found(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make
) -> None:
    rsvp, other = await add_guest(await make_event()), await make_event()
    path = f"/api/events/{other['id']}/rsvps/{rsvp['id']}"

    answers = [
        await client.patch(path, json={}, headers=editor),
        await client.delete(path, headers=editor),
        *[await client.post(f"{path}/{verb}", headers=editor)
          for verb in ("approve", "reject", "rotate-link")],
    ]  # fmt: skip

    assert {answer.json()["code"] for answer in answers} == {"rsvp-not-found"}


async def test_a_larger_event_seats_those_who_wait(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make, facts: Facts
) -> None:
    event = await make_event(max_attendees=2, waitlist_enabled=True)
    path = f"/api/events/{event['id']}"
    guests = [await add_guest(event, f"{n}@example.com", guest_count=2) for n in range(4)]

    await client.patch(path, json={"max_attendees": 5}, headers=editor)
    refused = await client.patch(path, json={"max_attendees": 3}, headers=editor)
    now = (await client.patch(path, json={"max_attendees": None}, headers=editor)).json()

    assert [fact["rsvp_id"] for fact in await facts(RSVPPromoted)] == [g["id"] for g in guests[1:]]
    assert (refused.status_code, refused.json()["code"]) == (409, "capacity-below-seats-taken")
    assert (now["seats_taken"], now["waitlisted_rsvps"]) == (8, 0)


async def test_setting_a_guest_back_to_pending_frees_the_seat(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make
) -> None:
    rsvp = await add_guest(await make_event())

    answer = await client.patch(path_of(rsvp), json={"status": "pending"}, headers=editor)

    event = (await client.get(f"/api/events/{rsvp['event_id']}", headers=editor)).json()["event"]
    assert (answer.json()["responded_at"], event["seats_taken"]) == (None, 0)


@pytest.mark.parametrize("status", ["waitlisted", "cancelled", "unknown"])
async def test_what_the_seats_decide_can_not_be_set(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make, status: str
) -> None:
    rsvp = await add_guest(await make_event())

    answer = await client.patch(path_of(rsvp), json={"status": status}, headers=editor)

    assert answer.status_code == 422


async def test_a_new_guest_is_found_where_the_answer_says(
    client: AsyncClient, editor: Headers, viewer: Headers, make_event: Make
) -> None:
    event = await make_event(max_attendees=1, waitlist_enabled=True)
    path = f"/api/events/{event['id']}/rsvps"
    await client.post(path, json={"email": "first@example.com"}, headers=editor)
    added = await client.post(path, json={"email": "ada@example.com"}, headers=editor)

    found = await client.get(added.headers["location"], headers=editor)

    assert found.json() == added.json()
    assert found.json()["waitlist_position"] == 1
    assert found.headers["etag"] == added.headers["etag"]
    hidden = await client.get(added.headers["location"], headers=viewer)
    unknown = await client.get(f"{path}/999999", headers=editor)
    assert (hidden.status_code, unknown.json()["code"]) == (403, "rsvp-not-found")


async def test_nobody_moves_up_once_the_event_is_over(
    client: AsyncClient, issuer: Issuer, make_event: Make, add_guest: Make, facts: Facts,
    clock: SettableClock,
) -> None:  # fmt: skip
    event = await make_event(max_attendees=1, waitlist_enabled=True)
    first, second, _third = [await add_guest(event, f"{n}@example.com") for n in range(3)]

    clock.set(datetime.fromisoformat(event["end_date"]))
    editor = issuer.headers(Role.EDITOR)
    at_its_end = await client.delete(path_of(first), headers=editor)
    clock.advance(timedelta(seconds=1))
    later = await client.delete(path_of(second), headers=editor)

    assert (at_its_end.status_code, later.status_code) == (204, 204)
    assert [fact["rsvp_id"] for fact in await facts(RSVPPromoted)] == [second["id"]]


async def test_a_draft_passes_seats_on_and_tells_nobody(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make, facts: Facts
) -> None:
    draft = await make_event(published=False, max_attendees=1, waitlist_enabled=True)
    guests = [await add_guest(draft, f"{n}@example.com") for n in range(2)]

    path = f"/api/events/{draft['id']}"
    changed = (await client.patch(path, json={"max_attendees": 2}, headers=editor)).json()

    assert (changed["seats_taken"], changed["waitlisted_rsvps"]) == (2, 0)
    assert await facts(RSVPPromoted) == []
    (fact,) = await facts(RSVPUpdated)
    assert (fact["rsvp_id"], fact["rsvp"]["status"]) == (guests[1]["id"], "accepted")
    assert (fact["previous_status"], fact["by_guest"]) == ("waitlisted", False)


async def test_a_deleted_event_takes_its_guest_list_along(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make, clock: SettableClock
) -> None:
    event, other = await make_event(max_attendees=1, waitlist_enabled=True), await make_event()
    for name in ("ada", "bob"):
        await add_guest(event, f"{name}@example.com")
    await add_guest(other, "eve@example.com")
    path = f"/api/events/{event['id']}"
    await client.post(f"{path}/cancel", headers=editor)
    clock.advance(timedelta(minutes=1))
    since = clock().strftime("%Y-%m-%dT%H:%M:%SZ")

    deleted = await client.delete(path, headers=editor)

    assert deleted.status_code == 204
    everybody = "/api/events/all-rsvps"
    assert await listed(client, editor, everybody) == ["eve"]
    followed = await client.get(f"{everybody}?updated_since={since}", headers=editor)
    told = {rsvp["email"]: (rsvp["status"], bool(rsvp["deleted_at"])) for rsvp in followed.json()}
    assert told == {"ada@example.com": ("cancelled", True), "bob@example.com": ("cancelled", True)}
