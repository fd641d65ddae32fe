"""The public page of an event, with the form by which strangers register."""

from collections.abc import Awaitable, Callable
from typing import Any

from httpx import AsyncClient

from stitch_common.contracts import Fact
from stitch_common.contracts.events import RSVPCreated

Headers = dict[str, str]
Make = Callable[..., Awaitable[dict[str, Any]]]
Facts = Callable[[type[Fact]], Awaitable[list[dict[str, Any]]]]
ADA = {"email": "ada@example.com", "name": "Ada", "guest_count": "1"}


async def test_the_public_page_shows_the_event_and_the_form(
    client: AsyncClient, make_event: Make, add_guest: Make
) -> None:
    event = await make_event(max_attendees=5)
    await add_guest(event, guest_count=2)

    answer = await client.get(f"/e/{event['slug']}?utm_source=poster")

    assert answer.status_code == 200
    for words in ("Garden Party", "3 left", "Your e-mail address", 'property="og:title"'):
        assert words in answer.text


async def test_what_is_written_from_right_to_left_is_set_so(
    client: AsyncClient, make_event: Make, add_guest: Make, token_of: Callable[[int], str]
) -> None:
    texts = {"title": "مهرجان الصيف!", "location": "الرياض.", "description": "مرحبا بكم."}
    event = await make_event(**texts, slug="summer", max_party_size=2)
    companion = {"name": "محمد.", "dietary_restrictions": ""}
    guest = await add_guest(event, guest_count=2, party=[companion])

    public = (await client.get(f"/e/{event['slug']}")).text
    own = (await client.get(f"/rsvp/{token_of(guest['id'])}")).text

    shown = [f"<bdi>{typed}</bdi>" for typed in texts.values()]
    assert [text for text in shown if text not in public] == []
    assert [text for text in [*shown, "<bdi>محمد.</bdi>"] if text not in own] == []


async def test_new_and_known_addresses_see_the_same(
    client: AsyncClient, make_event: Make, add_guest: Make, facts: Facts
) -> None:
    event = await make_event()
    await add_guest(event, "known@example.com")
    path = f"/e/{event['slug']}"

    new = await client.post(path, data=ADA)
    known = await client.post(path, data={**ADA, "email": "known@example.com"})

    assert (new.status_code, known.status_code) == (303, 303)
    assert new.headers["location"] == known.headers["location"] == f"{path}?sent=1"
    assert "Check your mail" in (await client.get(new.headers["location"])).text
    confirming = [fact for fact in await facts(RSVPCreated) if fact["confirm_by_mail"]]
    assert len(confirming) == 2


async def test_a_mistake_keeps_what_was_typed(client: AsyncClient, make_event: Make) -> None:
    event = await make_event()

    answer = await client.post(
        f"/e/{event['slug']}",
        data={**ADA, "email": "ada@nowhere", "special_requests": "A window seat"},
    )

    assert answer.status_code == 422
    for words in ("such as ada@example.com", 'value="ada@nowhere"', "A window seat", "Error: "):
        assert words in answer.text


async def test_pages_say_when_nobody_can_register(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make
) -> None:
    cancelled, full, over = [
        await make_event(),
        await make_event(max_attendees=1),
        await make_event(rsvp_deadline="2026-01-01T00:00:00Z"),
    ]
    await client.post(f"/api/events/{cancelled['id']}/cancel", headers=editor)
    await add_guest(full)

    for event, words in (
        (cancelled, "This event has been cancelled"),
        (full, "All seats are taken"),
        (over, "Registration is closed"),
    ):
        page = await client.get(f"/e/{event['slug']}")
        late = await client.post(f"/e/{event['slug']}", data=ADA)
        assert words in page.text
        assert 'method="post"' not in page.text
        assert (late.status_code, "text/html" in late.headers["content-type"]) == (409, True)


async def test_drafts_and_unknown_events_are_not_there(
    client: AsyncClient, make_event: Make
) -> None:
    draft = await make_event(published=False)

    for slug in (draft["slug"], "nothing"):
        for answer in (await client.get(f"/e/{slug}"), await client.post(f"/e/{slug}", data=ADA)):
            assert (answer.status_code, "no such event" in answer.text) == (404, True)
