"""Changing password and address: only with the current password, and others learn of it (S16)."""

import asyncio

import httpx
import pytest
from services.auth.tests.conftest import PASSWORD, People, Person, Wire, Wired, settings_with
from services.auth.tests.mailbox import mails, newest_token

from stitch_common.database import Database
from stitch_common.testing.clock import SettableClock

CHANGE_PASSWORD, CHANGE_EMAIL = "/api/auth/me/password", "/api/auth/me/email"
VERIFY = "/api/auth/verify-email"
WANTED = "orchid-tractor-lagoon-17"
NEW_EMAIL = "countess@example.org"


@pytest.fixture
async def ada(people: People) -> Person:
    return await people.make(username="ada")


@pytest.fixture
async def headers(people: People, ada: Person) -> dict[str, str]:
    return await people.headers(ada)


async def change_password(
    client: httpx.AsyncClient,
    headers: dict[str, str],
    current: str = PASSWORD,
    wanted: str = WANTED,
) -> httpx.Response:
    body = {"current_password": current, "password": wanted}
    return await client.post(CHANGE_PASSWORD, json=body, headers=headers)


async def change_email(
    client: httpx.AsyncClient, headers: dict[str, str], email: str = NEW_EMAIL, **more: str
) -> httpx.Response:
    body = {"email": email, "password": PASSWORD, **more}
    return await client.post(CHANGE_EMAIL, json=body, headers=headers)


async def live_sessions(wired: Wired) -> int:
    return len(await wired.rows("select 1 from auth.sessions where ended_at is null"))


@pytest.mark.parametrize("path", [CHANGE_PASSWORD, CHANGE_EMAIL])
async def test_nobody_else_may(path: str, client: httpx.AsyncClient) -> None:
    assert (await client.post(path, json={})).status_code == 401


async def test_a_new_password_ends_all_other_sessions_and_not_this_one(
    client: httpx.AsyncClient,
    wired: Wired,
    people: People,
    ada: Person,
    headers: dict[str, str],
) -> None:
    await people.headers(ada)
    assert await live_sessions(wired) == 2

    answer = await change_password(client, headers)

    assert answer.status_code == 204
    assert await live_sessions(wired) == 1
    assert (await client.get("/api/auth/me", headers=headers)).status_code == 200
    (revoked,) = await wired.facts("session.revoked")
    assert revoked["reason"] == "password-changed"
    await people.log_in(Person(ada.id, "ada", ada.email, WANTED))


async def test_a_wrong_current_password_changes_nothing(
    client: httpx.AsyncClient, people: People, ada: Person, headers: dict[str, str]
) -> None:
    refused = await change_password(client, headers, current="wrong-password-of-ada")

    assert (refused.status_code, refused.json()["code"]) == (403, "wrong-password")
    assert refused.json()["errors"][0]["pointer"] == "/current_password"
    await people.log_in(ada)


async def test_a_weak_password_is_refused(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    refused = await change_password(client, headers, wanted="short")

    assert (refused.status_code, refused.json()["code"]) == (422, "weak-password")


async def test_guessing_the_current_password_is_throttled(
    client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answers = [await change_password(client, headers, current="guess-of-a-thief") for _ in range(6)]

    assert [answer.status_code for answer in answers] == [403] * 5 + [429]


async def test_of_two_changes_at_once_one_counts(wire: Wire, busy_database: Database) -> None:
    wired = await wire(busy_database, settings_with())
    people = People(wired)
    headers = await people.headers(await people.make(username="ada"))

    answers = await asyncio.gather(
        *(change_password(wired.client, headers, wanted=f"{WANTED}-{n}") for n in range(2))
    )

    assert sorted(answer.status_code for answer in answers) == [204, 403]


async def test_a_new_password_makes_mailed_links_worthless(
    client: httpx.AsyncClient,
    wired: Wired,
    ada: Person,
    headers: dict[str, str],
    clock: SettableClock,
) -> None:
    await client.post("/api/auth/password-reset", json={"email": ada.email})
    await change_email(client, headers)
    reset = await newest_token(wired, clock, "reset-password")
    verify = await newest_token(wired, clock, "verify-email")

    await change_password(client, headers)

    body = {"token": reset, "password": WANTED}
    assert (await client.post("/api/auth/password-reset/confirm", json=body)).status_code == 404
    assert (await client.post(VERIFY, json={"token": verify})).status_code == 404


async def test_a_new_address_makes_what_was_mailed_to_the_old_one_worthless(
    client: httpx.AsyncClient,
    wired: Wired,
    ada: Person,
    headers: dict[str, str],
    clock: SettableClock,
) -> None:
    """Or who reads the mails of the old address takes the account."""
    await change_email(client, headers)
    verify = await newest_token(wired, clock, "verify-email")
    await client.post("/api/auth/password-reset", json={"email": ada.email})
    body = {"token": await newest_token(wired, clock, "reset-password"), "password": WANTED}

    confirmed = await client.post(VERIFY, json={"token": verify})
    reset = await client.post("/api/auth/password-reset/confirm", json=body)

    assert (confirmed.status_code, reset.status_code) == (200, 404)


async def test_a_new_address_counts_once_it_is_confirmed_and_the_old_one_is_told(
    client: httpx.AsyncClient,
    wired: Wired,
    people: People,
    ada: Person,
    headers: dict[str, str],
    clock: SettableClock,
) -> None:
    await people.headers(ada)
    asked = await change_email(client, headers)
    before = (await client.get("/api/auth/me", headers=headers)).json()["email"]
    token = await newest_token(wired, clock, "verify-email")

    confirmed = await client.post(VERIFY, json={"token": token})

    assert (asked.status_code, confirmed.status_code) == (202, 200)
    assert before == ada.email
    assert (await client.get("/api/auth/me", headers=headers)).json()["email"] == NEW_EMAIL
    (mail,) = await mails(wired, "verify-email")
    assert mail["email"] == NEW_EMAIL
    (told,) = await wired.facts("auth.email.changed")
    assert (told["old_email"], told["email"]) == (ada.email, NEW_EMAIL)
    assert await live_sessions(wired) == 1
    await people.log_in(Person(ada.id, NEW_EMAIL, NEW_EMAIL))


async def test_who_knows_an_older_version_is_told_of_a_new_address_as_clients_know_it(
    client: httpx.AsyncClient, wired: Wired, headers: dict[str, str], clock: SettableClock
) -> None:
    etag = (await client.get("/api/auth/me", headers=headers)).headers["etag"]
    await change_email(client, headers)
    await client.post(VERIFY, json={"token": await newest_token(wired, clock, "verify-email")})

    stale = await client.patch(
        "/api/auth/me", headers={**headers, "if-match": etag}, json={"full_name": "Ada K."}
    )

    assert (stale.status_code, stale.json()["changed"]) == (412, ["email"])


async def test_the_page_of_the_link_shows_the_new_address(
    client: httpx.AsyncClient, wired: Wired, headers: dict[str, str], clock: SettableClock
) -> None:
    await change_email(client, headers)
    url = f"/verify-email/{await newest_token(wired, clock, 'verify-email')}"

    asked, confirmed = await client.get(url), await client.post(url)

    assert NEW_EMAIL in asked.text
    assert "Your address is confirmed" in confirmed.text


async def test_an_address_needs_the_current_password(
    client: httpx.AsyncClient, wired: Wired, headers: dict[str, str]
) -> None:
    refused = await change_email(client, headers, password="wrong-password-of-ada")

    assert (refused.status_code, refused.json()["code"]) == (403, "wrong-password")
    assert await mails(wired, "verify-email") == []


async def test_whether_an_address_is_taken_does_not_show(
    client: httpx.AsyncClient, wired: Wired, people: People, headers: dict[str, str]
) -> None:
    eve = await people.make(username="eve")

    taken = await change_email(client, headers, eve.email)
    free = await change_email(client, headers)

    assert (taken.status_code, taken.content) == (free.status_code, free.content)
    assert [mail["email"] for mail in await mails(wired, "verify-email")] in ([], [NEW_EMAIL])


async def test_an_address_that_was_taken_in_the_meantime_is_refused(
    client: httpx.AsyncClient,
    wired: Wired,
    people: People,
    headers: dict[str, str],
    clock: SettableClock,
) -> None:
    await change_email(client, headers)
    token = await newest_token(wired, clock, "verify-email")
    eve = await people.make(username="eve")
    await wired.rows(
        "update auth.users set email = $1, email_key = $1 where id = $2", NEW_EMAIL, eve.id
    )

    answer = await client.post(VERIFY, json={"token": token})

    assert (answer.status_code, answer.json()["code"]) == (409, "email-taken")
    assert "not valid any more" in (await client.post(f"/verify-email/{token}")).text
