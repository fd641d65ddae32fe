"""Analytics equal a recount of the guest list."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from httpx import AsyncClient

from stitch_common.security.principals import Role
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.tokens import Issuer

Make = Callable[..., Awaitable[dict[str, Any]]]


async def test_the_summary_is_what_the_list_says(
    client: AsyncClient, issuer: Issuer, make_event: Make, add_guest: Make, invite: Any
) -> None:
    event = await make_event(max_attendees=5, waitlist_enabled=True)
    await add_guest(event, "a@example.com", guest_count=3)
    await add_guest(event, "b@example.com", guest_count=2)
    await add_guest(event, "c@example.com", guest_count=2)
    await add_guest(event, "d@example.com", status="declined")
    await add_guest(event, "e@example.com", status="maybe")
    await invite(event, "f@example.com", "g@example.com", "h@example.com")
    gone = await add_guest(event, "gone@example.com", status="declined")
    editor = issuer.headers(Role.EDITOR)
    await client.delete(f"/api/events/{event['id']}/rsvps/{gone['id']}", headers=editor)

    answer = await client.get(f"/api/events/{event['id']}/analytics", headers=issuer.headers())

    assert answer.json()["summary"] == {
        "total_invites": 8,
        "accepted": 2,
        "declined": 1,
        "maybe": 1,
        "pending": 3,
        "waitlisted": 1,
        "total_guests": 5,
        "checked_in": 0,
        "response_rate": 62.5,
    }


async def test_the_timeline_counts_first_answers_by_day(
    client: AsyncClient, issuer: Issuer, make_event: Make, invite: Any, clock: SettableClock,
    token_of: Callable[..., str],
) -> None:  # fmt: skip
    event = await make_event()
    await invite(event, *(f"{n}@example.com" for n in range(4)))
    path = f"/api/events/{event['id']}"
    guests = (await client.get(path, headers=issuer.headers(Role.EDITOR))).json()["rsvps"]

    async def answer(number: int, status: str) -> None:
        token = token_of(guests[number]["id"])
        await client.put(
            "/api/events/rsvp", json={"status": status}, headers={"authorization": f"RSVP {token}"}
        )

    await answer(0, "accepted")
    await answer(1, "declined")
    clock.advance(timedelta(days=2))
    await answer(2, "maybe")
    await answer(0, "declined")

    timeline = (await client.get(f"{path}/analytics", headers=issuer.headers())).json()
    assert timeline["response_timeline"] == [
        {"date": "2026-03-02", "responses": 2},
        {"date": "2026-03-04", "responses": 1},
    ]
    assert timeline["summary"]["response_rate"] == 75.0


async def test_an_event_without_guests_has_zeros(
    client: AsyncClient, issuer: Issuer, make_event: Make
) -> None:
    event = await make_event()

    answer = await client.get(f"/api/events/{event['id']}/analytics", headers=issuer.headers())

    assert answer.json()["summary"]["response_rate"] == 0
    assert answer.json()["response_timeline"] == []
    missing = await client.get("/api/events/999/analytics", headers=issuer.headers())
    assert missing.json()["code"] == "event-not-found"
