"""The guest's page: looking changes nothing, an answer is a POST, mistakes keep what was typed."""
# ruff: noqa: RUF001 - the typography of the pages

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

import pytest
from fastapi import FastAPI
from httpx import AsyncClient

from stitch_common.contracts import Fact
from stitch_common.contracts.events import RSVPUpdated
from stitch_common.database import Database
from stitch_common.testing.clock import SettableClock

Headers = dict[str, str]
Make = Callable[..., Awaitable[dict[str, Any]]]
Facts = Callable[[type[Fact]], Awaitable[list[dict[str, Any]]]]
TokenOf = Callable[..., str]
Page = Callable[..., Awaitable[str]]

NOTES_STATES = """
create temporary table noted (state text);
create function pg_temp.note() returns trigger language plpgsql as $$
begin insert into noted values (new.state); return new; end $$;
create trigger note after insert or update on events.idempotency_keys
for each row execute function pg_temp.note();
"""


@pytest.fixture
def page_of(make_event: Make, add_guest: Make, token_of: TokenOf) -> Page:
    """Make an event with a guest who has not answered; gives the path of their page."""

    async def make(status: str = "pending", **fields: Any) -> str:
        event = await make_event(**fields)
        rsvp = await add_guest(event, name="Ada", status=status)
        return f"/rsvp/{token_of(rsvp['id'])}"

    return make


async def versions(database: Database) -> list[int]:
    async with database.connection() as connection:
        rows = await connection.fetch("select version from events.rsvps order by id")
    return [row["version"] for row in rows]


async def test_the_page_says_what_when_where_and_asks(client: AsyncClient, page_of: Page) -> None:
    path = await page_of(questions=["Favourite song?"])

    answer = await client.get(path)

    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    for words in (
        "Garden Party", "Saturday, 20 June 2026", "18:00 – 23:00", "Berlin time, UTC+2",
        "16:00 – 21:00", "Botanical Garden", "Favourite song?", "Invitation for Ada",
    ):  # fmt: skip
        assert words in answer.text


async def test_the_address_of_a_page_leaks_nowhere_and_nothing_foreign_runs(
    client: AsyncClient, page_of: Page
) -> None:
    path = await page_of()

    for answer in (
        await client.get(path),
        await client.post(path, data={"status": "maybe"}),
        await client.get("/rsvp/nonsense"),
    ):
        headers = answer.headers
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["x-frame-options"] == "DENY"
        assert "noindex" in headers["x-robots-tag"]
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy


async def test_looking_changes_nothing(
    client: AsyncClient, page_of: Page, database: Database, facts: Facts
) -> None:
    path = await page_of()
    before = await versions(database)

    for method in ("GET", "HEAD"):
        for place in (path, f"{path}?zone=Asia/Tokyo", f"{path}/calendar.ics"):
            assert (await client.request(method, place)).status_code == 200

    assert await versions(database) == before
    assert await facts(RSVPUpdated) == []


async def test_an_answer_is_stored_and_confirmed(
    client: AsyncClient, page_of: Page, facts: Facts
) -> None:
    path = await page_of(questions=[{"label": "Song?", "required": True}])
    form = {
        "status": "accepted",
        "name": "Ada Lovelace",
        "guest_count": "2",
        "party-0-name": "Charles",
        "party-0-dietary": "no nuts",
        "party-1-name": "typed before the party was reduced",
        "dietary_restrictions": "vegan",
        "answers-song": "Waterloo",
    }

    answer = await client.post(path, data=form)

    assert (answer.status_code, answer.headers["location"]) == (303, f"{path}?saved=1")
    page = (await client.get(answer.headers["location"])).text
    for words in ("Your answer is saved", "You’re coming!", "2 seats are reserved", "Charles"):
        assert words in page
    assert f'href="{path}/calendar.ics"' in page
    (fact,) = await facts(RSVPUpdated)
    assert (fact["rsvp"]["party_size"], fact["rsvp"]["dietary_restrictions"]) == (2, "vegan")


@pytest.mark.parametrize(
    ("form", "complaint"),
    [
        ({"name": "Typed"}, "Please choose one of the answers."),
        ({"name": "Typed", "status": "perhaps"}, "Please choose one of the answers."),
        ({"name": "Typed", "status": "accepted", "guest_count": "11"}, "At most 10 people"),
        ({"name": "Typed", "status": "accepted", "guest_count": "many"}, "enter a number"),
        ({"name": "Typed", "status": "accepted", "guest_count": "²"}, "enter a number"),
        ({"name": "Typed", "status": "accepted", "guest_count": "9" * 5000}, "check"),
        ({"name": "Typed", "status": "accepted"}, "Please answer: Song?"),
        ({"name": "Typed", "status": "maybe", "dietary_restrictions": "x" * 2001}, "shorten"),
        ({"name": "Typed\x00", "status": "maybe"}, "Please check"),
    ],
)
async def test_a_mistake_is_a_page_that_keeps_what_was_typed(
    client: AsyncClient, page_of: Page, form: dict[str, str], complaint: str
) -> None:
    path = await page_of(questions=[{"label": "Song?", "required": True}])

    answer = await client.post(path, data=form)

    assert (answer.status_code, answer.headers["content-type"]) == (422, "text/html; charset=utf-8")
    assert complaint in answer.text
    assert 'value="Typed' in answer.text
    assert 'role="alert"' in answer.text


async def test_an_answer_with_a_key_settles_the_key_in_its_own_transaction(
    client: AsyncClient, page_of: Page, database: Database
) -> None:
    path = await page_of()
    headers = {"idempotency-key": "once"}

    async with database.connection() as connection:
        await connection.execute(NOTES_STATES)
        first = await client.post(path, data={"status": "maybe"}, headers=headers)
        again = await client.post(path, data={"status": "maybe"}, headers=headers)
        states = [row["state"] for row in await connection.fetch("select state from noted")]

    assert (first.status_code, again.headers["idempotency-replayed"]) == (303, "true")
    assert states == ["running", "confirmed", "answered"]


async def test_what_guests_type_is_text_and_never_markup(
    client: AsyncClient, page_of: Page
) -> None:
    path = await page_of(title='<script>alert("event")</script>', location='"><img src=x>')
    await client.post(path, data={"status": "maybe", "name": "<b onload=x>", "guest_count": "1"})

    page = (await client.get(path)).text

    assert "<b onload" not in page
    assert '<script>alert("event")' not in page
    assert "<img" not in page


async def test_a_full_event_says_so(
    client: AsyncClient, make_event: Make, add_guest: Make, token_of: TokenOf
) -> None:
    event = await make_event(max_attendees=1)
    late = await add_guest(event, "late@example.com", status="pending")
    await add_guest(event, "first@example.com")

    answer = await client.post(
        f"/rsvp/{token_of(late['id'])}", data={"status": "accepted", "name": "Typed"}
    )

    assert (answer.status_code, "No seats are left." in answer.text) == (409, True)
    assert 'value="Typed"' in answer.text


async def test_a_closed_event_takes_no_answer(
    client: AsyncClient, page_of: Page, clock: SettableClock
) -> None:
    path = await page_of("maybe")
    clock.advance(timedelta(days=120))

    page, late = await client.get(path), await client.post(path, data={"status": "accepted"})

    assert "Answers closed on" in page.text
    assert 'method="post"' not in page.text
    assert (late.status_code, "has passed" in late.text) == (409, True)


async def test_a_cancelled_event_says_so_and_leaves_the_calendar(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make, token_of: TokenOf
) -> None:
    event = await make_event()
    path = f"/rsvp/{token_of((await add_guest(event))['id'])}"
    await client.post(f"/api/events/{event['id']}/cancel", headers=editor)

    page = await client.get(path)
    entry = await client.get(f"{path}/calendar.ics")

    assert "This event has been cancelled" in page.text
    assert 'method="post"' not in page.text
    assert "METHOD:CANCEL" in entry.text


async def test_a_link_that_does_not_count_is_a_helpful_page(
    client: AsyncClient, page_of: Page, token_of: TokenOf
) -> None:
    genuine = (await page_of()).removeprefix("/rsvp/")
    tokens = [
        "nonsense",
        genuine[:-1] + ("B" if genuine.endswith("A") else "A"),
        token_of(999),
        token_of(1, version=9),
    ]

    for token in tokens:
        for answer in (
            await client.get(f"/rsvp/{token}"),
            await client.post(f"/rsvp/{token}", data={"status": "accepted"}),
            await client.get(f"/rsvp/{token}/calendar.ics"),
            await client.get(f"/rsvp/{token}/appended"),
        ):
            assert answer.status_code == 404
            assert "newest" in answer.text
            assert token not in answer.text


async def test_foreign_parameters_of_a_link_do_no_harm(client: AsyncClient, page_of: Page) -> None:
    path = await page_of()

    answer = await client.get(f"{path}?utm_source=mail&zone=Asia/Tokyo&fbclid=%00&zone=x")

    assert answer.status_code == 200


async def test_the_guest_reads_the_time_in_a_zone_of_their_choice(
    client: AsyncClient, page_of: Page
) -> None:
    page = (await client.get(f"{await page_of()}?zone=Asia/Tokyo")).text

    assert "Tokyo time, UTC+9" in page
    assert "Sunday, 21 June 2026, 01:00 – 06:00" in page


async def test_who_registered_is_asked_to_confirm(
    client: AsyncClient, make_event: Make, token_of: TokenOf, editor: Headers
) -> None:
    event = await make_event()
    form = {"email": "ada@example.com", "name": "Ada", "guest_count": "2"}
    await client.post(f"/e/{event['slug']}", data=form)
    detail = (await client.get(f"/api/events/{event['id']}", headers=editor)).json()
    path = f"/rsvp/{token_of(detail['rsvps'][0]['id'])}"

    page = (await client.get(path)).text

    assert "One more step" in page
    assert 'value="accepted" checked' in page
    assert 'value="2" checked' in page


async def test_a_failure_of_ours_is_a_page_that_shows_nothing(
    client: AsyncClient, app: FastAPI, page_of: Page
) -> None:
    path = await page_of()

    async def fail(_token: str) -> None:
        message = "secret internals"
        raise RuntimeError(message)

    app.state.rsvps.get = fail
    answer = await client.get(path)

    assert (answer.status_code, "text/html" in answer.headers["content-type"]) == (500, True)
    assert "secret" not in answer.text


async def test_a_garbled_form_is_answered_with_a_page_and_changes_nothing(
    client: AsyncClient, page_of: Page, database: Database
) -> None:
    path = await page_of()
    before = await versions(database)

    answer = await client.post(
        path,
        content=b"--x\r\nContent-Disposition: form-data; name",
        headers={"content-type": "multipart/form-data; boundary=y"},
    )

    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/html")
    assert "not a form that can be read" in answer.text
    assert await versions(database) == before


@pytest.mark.parametrize("terms", [{"max_party_size": 2}, {"allow_guests": False}])
async def test_who_is_not_asked_again_how_many_come_keeps_the_seats(
    client: AsyncClient, editor: Headers, page_of: Page, terms: dict[str, Any]
) -> None:
    path = await page_of("accepted", max_attendees=9)
    (rsvp,) = (await client.get("/api/events/all-rsvps", headers=editor)).json()
    own = f"/api/events/{rsvp['event_id']}"
    await client.patch(f"{own}/rsvps/{rsvp['id']}", json={"guest_count": 4}, headers=editor)
    await client.patch(own, json=terms, headers=editor)

    # What a browser sends: the party is larger than what is offered, so nothing is chosen.
    answer = await client.post(path, data={"status": "accepted", "dietary_restrictions": "No nuts"})

    assert answer.status_code == 303
    (kept,) = (await client.get("/api/events/all-rsvps", headers=editor)).json()
    assert (kept["guest_count"], kept["dietary_restrictions"]) == (4, "No nuts")


async def test_companions_beyond_those_a_page_asks_for_keep_their_names(
    client: AsyncClient, editor: Headers, make_event: Make, add_guest: Make, token_of: TokenOf
) -> None:
    event = await make_event(max_party_size=20)
    party = [{"name": f"Friend {n}", "dietary_restrictions": ""} for n in range(12)]
    rsvp = await add_guest(event, guest_count=13, party=party)
    path = f"/rsvp/{token_of(rsvp['id'])}"
    shown = (await client.get(path)).text
    typed = {"status": "accepted", "guest_count": "13", "special_requests": "Window"}
    names = {f"party-{n}-name": companion["name"] for n, companion in enumerate(party)}

    await client.post(path, data={**typed, **names})

    assert [name for name in names if f'name="{name}"' not in shown] == []
    (kept,) = (await client.get("/api/events/all-rsvps", headers=editor)).json()
    assert (kept["party"], kept["special_requests"]) == (party, "Window")
