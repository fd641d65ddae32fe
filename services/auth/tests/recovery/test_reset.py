"""A new password by mail: nobody learns who has an account, a link works once (S16, S47-S49)."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from services.auth.tests.conftest import PASSWORD, People, Person, Wire, Wired, settings_with
from services.auth.tests.mailbox import mails, newest_token

from stitch_common.database import Database
from stitch_common.testing.clock import SettableClock

RESET = "/api/auth/password-reset"
CONFIRM = f"{RESET}/confirm"
WANTED = "orchid-tractor-lagoon-17"


@pytest.fixture
async def ada(people: People) -> Person:
    return await people.make(username="ada")


@pytest.fixture
async def token(wired: Wired, clock: SettableClock, ada: Person) -> str:
    await wired.client.post(RESET, json={"email": ada.email})
    return await newest_token(wired, clock, "reset-password")


async def test_known_and_unknown_addresses_get_one_answer_and_only_the_known_one_a_mail(
    client: httpx.AsyncClient, wired: Wired, ada: Person
) -> None:
    unknown = await client.post(RESET, json={"email": "nobody@example.com"})
    known = await client.post(RESET, json={"email": ada.email.upper()})

    assert (known.status_code, unknown.status_code) == (202, 202)
    assert known.content == unknown.content
    assert known.headers.keys() == unknown.headers.keys()
    (mail,) = await mails(wired, "reset-password")
    assert (mail["user_id"], mail["email"]) == (ada.id, ada.email)


async def test_an_address_gets_one_mail_a_minute(
    client: httpx.AsyncClient, wired: Wired, ada: Person, clock: SettableClock
) -> None:
    for _ in range(3):
        assert (await client.post(RESET, json={"email": ada.email})).status_code == 202
    clock.advance(timedelta(seconds=63))
    await client.post(RESET, json={"email": ada.email})

    assert len(await mails(wired, "reset-password")) == 2


async def test_another_mail_to_the_address_does_not_delay_this_one(
    client: httpx.AsyncClient, wired: Wired
) -> None:
    wish = {"email": "eve@example.com", "username": "eve", "password": PASSWORD}
    await client.post("/api/auth/register", json=wish)
    await client.post("/api/auth/register", json={**wish, "username": "eve2"})
    await client.post("/api/auth/verify-email/resend", json={"email": wish["email"]})

    await client.post(RESET, json={"email": wish["email"]})

    assert len(await wired.facts("registration.repeated")) == 1
    assert len(await mails(wired, "verify-email")) == 2
    assert len(await mails(wired, "reset-password")) == 1


async def test_who_was_deactivated_gets_no_mail(
    client: httpx.AsyncClient, wired: Wired, ada: Person
) -> None:
    await wired.rows("update auth.users set is_active = false where username = 'ada'")

    answer = await client.post(RESET, json={"email": ada.email})

    assert answer.status_code == 202
    assert await mails(wired, "reset-password") == []


async def test_the_token_sets_the_password_and_ends_all_sessions(
    client: httpx.AsyncClient, wired: Wired, people: People, ada: Person, token: str
) -> None:
    session = await people.headers(ada)

    answer = await client.post(CONFIRM, json={"token": token, "password": WANTED})

    assert answer.status_code == 200
    old = await client.post("/api/auth/token", data={"username": "ada", "password": PASSWORD})
    assert old.status_code == 401
    await people.log_in(Person(ada.id, "ada", ada.email, WANTED))
    revoked = await wired.facts("session.revoked")
    assert [fact["reason"] for fact in revoked] == ["password-reset"]
    assert [fact["user_id"] for fact in await wired.facts("password_reset.completed")] == [ada.id]
    assert session


async def test_a_token_works_once_and_for_half_an_hour(
    client: httpx.AsyncClient, token: str, clock: SettableClock
) -> None:
    body = {"token": token, "password": WANTED}
    clock.advance(timedelta(minutes=29))
    first = await client.post(CONFIRM, json=body)
    again = await client.post(CONFIRM, json=body)

    assert (first.status_code, again.status_code) == (200, 404)
    assert again.json()["code"] == "invalid-link"


async def test_a_token_expires(client: httpx.AsyncClient, token: str, clock: SettableClock) -> None:
    clock.advance(timedelta(minutes=30))

    answer = await client.post(CONFIRM, json={"token": token, "password": WANTED})

    assert answer.status_code == 404


async def test_a_newer_mail_makes_the_older_ones_worthless(
    client: httpx.AsyncClient, wired: Wired, ada: Person, token: str, clock: SettableClock
) -> None:
    clock.advance(timedelta(minutes=2))
    await client.post(RESET, json={"email": ada.email})
    newer = await newest_token(wired, clock, "reset-password")

    old = await client.post(CONFIRM, json={"token": token, "password": WANTED})
    new = await client.post(CONFIRM, json={"token": newer, "password": WANTED})

    assert (old.status_code, new.status_code) == (404, 200)


async def test_of_twenty_at_once_one_sets_the_password(
    wire: Wire, busy_database: Database, clock: SettableClock
) -> None:
    wired = await wire(busy_database, settings_with())
    ada = await People(wired).make(username="ada")
    await wired.client.post(RESET, json={"email": ada.email})
    token = await newest_token(wired, clock, "reset-password")

    answers = await asyncio.gather(
        *(
            wired.client.post(CONFIRM, json={"token": token, "password": f"{WANTED}-{number}"})
            for number in range(20)
        )
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [404] * 19
    assert len(await wired.facts("password_reset.completed")) == 1


async def test_a_weak_password_is_refused_and_the_token_still_works(
    client: httpx.AsyncClient, token: str
) -> None:
    weak = await client.post(CONFIRM, json={"token": token, "password": "ada-ada-ada-ada"})
    good = await client.post(CONFIRM, json={"token": token, "password": WANTED})

    assert (weak.status_code, weak.json()["code"]) == (422, "weak-password")
    assert good.status_code == 200


@pytest.mark.parametrize("purpose", ["verify-email"])
async def test_a_token_of_another_purpose_sets_nothing(
    purpose: str, client: httpx.AsyncClient, wired: Wired, clock: SettableClock
) -> None:
    wish = {"email": "eve@example.com", "username": "eve", "password": PASSWORD}
    await client.post("/api/auth/register", json=wish)
    other = await newest_token(wired, clock, purpose)

    answer = await client.post(CONFIRM, json={"token": other, "password": WANTED})

    assert answer.status_code == 404


async def test_who_resets_before_confirming_the_address_has_confirmed_it(
    client: httpx.AsyncClient, wired: Wired, clock: SettableClock
) -> None:
    wish = {"email": "eve@example.com", "username": "eve", "password": PASSWORD}
    await client.post("/api/auth/register", json=wish)
    await client.post(RESET, json={"email": "eve@example.com"})
    token = await newest_token(wired, clock, "reset-password")

    await client.post(CONFIRM, json={"token": token, "password": WANTED})

    answer = await client.post("/api/auth/token", data={"username": "eve", "password": WANTED})
    assert answer.status_code == 200


async def test_neither_token_nor_password_is_anywhere_in_the_database(
    client: httpx.AsyncClient, wired: Wired, token: str
) -> None:
    await client.post(CONFIRM, json={"token": token, "password": WANTED})

    stored = str(await wired.rows("select * from auth.password_resets"))
    stored += str(await wired.rows("select * from auth.audit_log"))
    stored += str(await wired.facts())
    assert token not in stored
    assert WANTED not in stored


class TestPage:
    async def test_opening_the_link_changes_nothing_and_asks_for_the_password(
        self, client: httpx.AsyncClient, wired: Wired, token: str
    ) -> None:
        before = await wired.rows("select * from auth.password_resets")

        shown = [await client.request(how, f"/reset-password/{token}") for how in ("GET", "HEAD")]

        assert [page.status_code for page in shown] == [200, 200]
        assert 'name="password"' in shown[0].text
        assert 'aria-describedby="rule"' in shown[0].text
        assert "12 to 128 characters" in shown[0].text
        assert "<script" not in shown[0].text
        assert shown[0].headers["referrer-policy"] == "no-referrer"
        assert await wired.rows("select * from auth.password_resets") == before

    async def test_its_form_sets_the_password(
        self, client: httpx.AsyncClient, people: People, ada: Person, token: str
    ) -> None:
        done = await client.post(f"/reset-password/{token}", data={"password": WANTED})

        assert "Your password is set" in done.text
        await people.log_in(Person(ada.id, "ada", ada.email, WANTED))
        assert (await client.get(f"/reset-password/{token}")).status_code == 404

    async def test_a_weak_password_is_explained_beside_its_field(
        self, client: httpx.AsyncClient, token: str
    ) -> None:
        again = await client.post(f"/reset-password/{token}", data={"password": "short"})

        assert again.status_code == 422
        assert "Use 12 to 128 characters." in again.text
        assert 'aria-describedby="problem"' in again.text

    async def test_a_broken_link_says_what_to_do(self, client: httpx.AsyncClient) -> None:
        shown = await client.get("/reset-password/abc")
        sent = await client.post("/reset-password/abc", data={"password": WANTED})

        assert (shown.status_code, sent.status_code) == (404, 404)
        assert "not valid any more" in shown.text
