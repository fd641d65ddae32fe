"""This was not me: an owner takes an account back, once, within three days (S16, S47-S49)."""

import asyncio
from datetime import datetime, timedelta
from typing import Any

import httpx
import pytest
from services.auth.tests.conftest import KEY, PASSWORD, People, Person, Wire, Wired, settings_with
from services.auth.tests.mailbox import mails, newest_token
from services.auth.tests.mfa.test_routes import App, enable

from stitch_common.database import Database
from stitch_common.security.links import LinkSigner
from stitch_common.security.principals import Role
from stitch_common.testing.clock import SettableClock

NOT_ME = "/api/auth/not-me"
WANTED = "orchid-tractor-lagoon-17"
THIEFS = "thief@example.net"


@pytest.fixture
async def ada(people: People) -> Person:
    return await people.make(username="ada")


@pytest.fixture
async def token(wired: Wired, people: People, clock: SettableClock, ada: Person) -> str:
    """Of the mail about a password that a thief has changed."""
    await change_password(wired, await people.headers(ada))
    return await newest_token(wired, clock, "not-me")


async def change_password(
    wired: Wired, headers: dict[str, str], current: str = PASSWORD, wanted: str = WANTED
) -> None:
    body = {"current_password": current, "password": wanted}
    answer = await wired.client.post("/api/auth/me/password", json=body, headers=headers)
    assert answer.status_code == 204, answer.text


async def change_email(
    wired: Wired, clock: SettableClock, headers: dict[str, str], email: str, password: str = WANTED
) -> str:
    """Take another address, and give the token of the mail to the old one."""
    clock.advance(timedelta(minutes=2))
    body = {"email": email, "password": password}
    await wired.client.post("/api/auth/me/email", json=body, headers=headers)
    verify = {"token": await newest_token(wired, clock, "verify-email")}
    assert (await wired.client.post("/api/auth/verify-email", json=verify)).status_code == 200
    return token_of((await wired.facts("auth.email.changed"))[-1], clock)


def token_of(fact: dict[str, Any], clock: SettableClock) -> str:
    until = datetime.fromisoformat(fact["notice_expires_at"])
    links = LinkSigner({"not-me": {"1": KEY}}, clock)
    return links.sign("not-me", fact["notice_id"], version=1, expires_at=until)


async def owner_of(wired: Wired, user_id: int) -> str:
    (row,) = await wired.rows("select email from auth.users where id = $1", user_id)
    return str(row["email"])


async def can_log_in(wired: Wired, username: str, password: str) -> bool:
    form = {"username": username, "password": password}
    answer = await wired.client.post("/api/auth/token", data=form)
    assert answer.status_code in {200, 401}, answer.text
    return answer.is_success


async def test_the_owner_is_told_of_a_changed_password(
    wired: Wired, people: People, ada: Person
) -> None:
    await change_password(wired, await people.headers(ada))

    (notice,) = await mails(wired, "not-me")
    assert (notice["about"], notice["email"]) == ("password-changed", ada.email)
    assert (notice["ip"], notice["device"]) == ("127.0.0.1", "a program")


async def test_the_owner_is_told_of_a_password_that_was_set_by_mail(
    wired: Wired, ada: Person, clock: SettableClock
) -> None:
    await wired.client.post("/api/auth/password-reset", json={"email": ada.email})
    body = {"token": await newest_token(wired, clock, "reset-password"), "password": WANTED}
    await wired.client.post("/api/auth/password-reset/confirm", json=body)

    (notice,) = await mails(wired, "not-me")
    assert (notice["about"], notice["email"]) == ("password-reset", ada.email)


async def test_an_objection_logs_out_everybody_and_no_password_works_before_the_reset(
    wired: Wired, people: People, ada: Person, token: str, clock: SettableClock
) -> None:
    thief = await people.headers(Person(ada.id, ada.username, ada.email, WANTED))

    answer = await wired.client.post(NOT_ME, json={"token": token})

    assert answer.status_code == 200
    assert await wired.rows("select 1 from auth.sessions where ended_at is null") == []
    assert thief
    assert not await can_log_in(wired, "ada", WANTED)
    assert not await can_log_in(wired, "ada", PASSWORD)
    reset = await newest_token(wired, clock, "reset-password")
    body = {"token": reset, "password": "walnut-harbor-comet-88"}
    await wired.client.post("/api/auth/password-reset/confirm", json=body)
    assert await can_log_in(wired, "ada", "walnut-harbor-comet-88")


async def test_an_objection_makes_all_other_mailed_links_worthless(
    wired: Wired, people: People, ada: Person, token: str, clock: SettableClock
) -> None:
    headers = await people.headers(Person(ada.id, ada.username, ada.email, WANTED))
    await wired.client.post("/api/auth/password-reset", json={"email": ada.email})
    reset = await newest_token(wired, clock, "reset-password")
    body = {"email": THIEFS, "password": WANTED}
    await wired.client.post("/api/auth/me/email", json=body, headers=headers)
    verify = await newest_token(wired, clock, "verify-email")

    await wired.client.post(NOT_ME, json={"token": token})

    again = await wired.client.post(
        "/api/auth/password-reset/confirm", json={"token": reset, "password": WANTED + "x"}
    )
    confirmed = await wired.client.post("/api/auth/verify-email", json={"token": verify})
    assert (again.status_code, confirmed.status_code) == (404, 404)


async def test_an_objection_ends_the_api_keys_too(
    wired: Wired, people: People, clock: SettableClock
) -> None:
    root = await people.make(Role.ADMIN, "root")
    headers = await people.headers(root)
    key = (
        await wired.client.post("/api/auth/api-keys", json={"name": "x"}, headers=headers)
    ).json()
    await change_password(wired, headers)
    token = await newest_token(wired, clock, "not-me")

    await wired.client.post(NOT_ME, json={"token": token})

    form = {
        "grant_type": "client_credentials",
        "client_id": key["client_id"],
        "client_secret": key["client_secret"],
    }
    assert (await wired.client.post("/api/auth/token", data=form)).status_code == 401
    reasons = [fact["reason"] for fact in await wired.facts("session.revoked")]
    assert "api-key-revoked" in reasons


@pytest.mark.parametrize(("is_older", "asked"), [(True, True), (False, False)])
async def test_a_second_factor_stays_only_if_it_was_there_before(
    is_older: bool,  # noqa: FBT001 - a case
    asked: bool,  # noqa: FBT001 - a case
    wired: Wired,
    people: People,
    ada: Person,
    clock: SettableClock,
) -> None:
    headers = await people.headers(ada)
    if is_older:
        await enable(wired.client, headers, clock)
        clock.advance(timedelta(minutes=1))
    await change_password(wired, headers)
    token = await newest_token(wired, clock, "not-me")
    if not is_older:
        secret = {"password": WANTED}
        begun = await wired.client.post("/api/auth/me/mfa/totp", json=secret, headers=headers)
        code = {"code": App(begun.json()["secret"], clock).code()}
        await wired.client.post("/api/auth/me/mfa/totp/confirm", json=code, headers=headers)

    await wired.client.post(NOT_ME, json={"token": token})

    factors = await wired.rows("select 1 from auth.second_factors")
    assert bool(factors) is asked


class TestAnAddressThatWasTakenAway:
    @pytest.fixture
    async def thief(self, wired: Wired, people: People, ada: Person) -> dict[str, str]:
        headers = await people.headers(ada)
        await change_password(wired, headers)
        return headers

    async def test_comes_back_and_the_mail_for_the_password_goes_there(
        self, wired: Wired, ada: Person, thief: dict[str, str], clock: SettableClock
    ) -> None:
        token = await change_email(wired, clock, thief, THIEFS)
        assert await owner_of(wired, ada.id) == THIEFS

        answer = await wired.client.post(NOT_ME, json={"token": token})

        assert answer.status_code == 200
        assert await owner_of(wired, ada.id) == ada.email
        assert (await mails(wired, "reset-password"))[-1]["email"] == ada.email
        assert (await wired.facts("user.updated"))[-1]["changed"] == ["email", "password"]

    async def test_comes_back_by_any_mail_that_went_there(
        self, wired: Wired, ada: Person, thief: dict[str, str], clock: SettableClock
    ) -> None:
        before = await newest_token(wired, clock, "not-me")  # of the changed password
        await change_email(wired, clock, thief, THIEFS)

        await wired.client.post(NOT_ME, json={"token": before})

        assert await owner_of(wired, ada.id) == ada.email

    async def test_does_not_go_again_by_mails_that_the_thief_got(
        self, wired: Wired, ada: Person, thief: dict[str, str], clock: SettableClock
    ) -> None:
        owners = await change_email(wired, clock, thief, THIEFS)
        thiefs = await change_email(wired, clock, thief, "other@example.net")
        await wired.client.post(NOT_ME, json={"token": owners})

        answer = await wired.client.post(NOT_ME, json={"token": thiefs})

        assert answer.status_code == 404
        assert await owner_of(wired, ada.id) == ada.email

    async def test_comes_back_from_who_only_registered_with_it(
        self, wired: Wired, ada: Person, thief: dict[str, str], clock: SettableClock
    ) -> None:
        token = await change_email(wired, clock, thief, THIEFS)
        wish = {"email": ada.email, "username": "squatter", "password": "walnut-harbor-comet-88"}
        await wired.client.post("/api/auth/register", json=wish)

        answer = await wired.client.post(NOT_ME, json={"token": token})

        assert answer.status_code == 200
        assert await owner_of(wired, ada.id) == ada.email
        assert len(await wired.facts("user.deleted")) == 1

    async def test_that_belongs_to_somebody_else_stays_theirs_but_the_thief_is_out(
        self,
        wired: Wired,
        people: People,
        ada: Person,
        thief: dict[str, str],
        clock: SettableClock,
    ) -> None:
        token = await change_email(wired, clock, thief, THIEFS)
        await people.make(username="heir")
        await wired.rows(
            "update auth.users set email = $1, email_key = $1 where username = 'heir'", ada.email
        )

        answer = await wired.client.post(NOT_ME, json={"token": token})

        assert (answer.status_code, answer.json()["code"]) == (409, "address-lost")
        assert not await can_log_in(wired, "ada", WANTED)
        assert await mails(wired, "reset-password") == []
        assert await wired.rows("select 1 from auth.sessions where ended_at is null") == []


async def test_a_link_works_once_and_for_three_days(
    wired: Wired, token: str, clock: SettableClock
) -> None:
    clock.advance(timedelta(days=3) - timedelta(seconds=1))
    first = await wired.client.post(NOT_ME, json={"token": token})
    again = await wired.client.post(NOT_ME, json={"token": token})

    assert (first.status_code, again.status_code) == (200, 409)
    assert again.json()["code"] == "already-objected"


async def test_a_link_expires(wired: Wired, token: str, clock: SettableClock) -> None:
    clock.advance(timedelta(days=3))

    assert (await wired.client.post(NOT_ME, json={"token": token})).status_code == 404


@pytest.mark.parametrize("purpose", ["reset-password", "verify-email"])
async def test_a_link_of_another_purpose_is_no_objection(
    purpose: str, wired: Wired, people: People, ada: Person, clock: SettableClock
) -> None:
    headers = await people.headers(ada)
    await wired.client.post("/api/auth/password-reset", json={"email": ada.email})
    body = {"email": THIEFS, "password": PASSWORD}
    await wired.client.post("/api/auth/me/email", json=body, headers=headers)

    other = await newest_token(wired, clock, purpose)

    assert (await wired.client.post(NOT_ME, json={"token": other})).status_code == 404


async def test_of_twenty_at_once_one_objects(
    wire: Wire, busy_database: Database, clock: SettableClock
) -> None:
    wired = await wire(busy_database, settings_with())
    people = People(wired)
    ada = await people.make(username="ada")
    await change_password(wired, await people.headers(ada))
    token = await newest_token(wired, clock, "not-me")

    answers = await asyncio.gather(
        *(wired.client.post(NOT_ME, json={"token": token}) for _ in range(20))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    assert len(await mails(wired, "reset-password")) == 1


async def test_who_was_deactivated_has_nothing_to_take_back(
    wired: Wired, ada: Person, token: str
) -> None:
    await wired.rows("update auth.users set is_active = false where id = $1", ada.id)

    assert (await wired.client.post(NOT_ME, json={"token": token})).status_code == 404


async def test_the_token_is_nowhere_in_the_database(wired: Wired, token: str) -> None:
    await wired.client.post(NOT_ME, json={"token": token})

    stored = str(await wired.rows("select * from auth.notices"))
    stored += str(await wired.rows("select * from auth.audit_log"))
    assert token not in stored + str(await wired.facts())


class TestPage:
    @pytest.mark.parametrize("method", ["GET", "HEAD"])
    async def test_opening_the_link_changes_nothing(
        self, method: str, client: httpx.AsyncClient, wired: Wired, token: str
    ) -> None:
        before = await wired.rows("select * from auth.notices")

        shown = [await client.request(method, f"/not-me/{token}") for _ in range(3)]

        assert [page.status_code for page in shown] == [200] * 3
        assert await wired.rows("select * from auth.notices") == before
        assert await mails(wired, "reset-password") == []

    async def test_it_says_what_was_done_and_its_button_takes_the_account_back(
        self, client: httpx.AsyncClient, wired: Wired, ada: Person, token: str
    ) -> None:
        asked = await client.get(f"/not-me/{token}")
        done = await client.post(f"/not-me/{token}")
        later = await client.get(f"/not-me/{token}")

        assert "The password of your account was changed" in asked.text
        assert "Monday, 2 March 2026, 12:00 UTC" in asked.text
        assert ada.email in asked.text
        assert "<script" not in asked.text
        assert asked.headers["referrer-policy"] == "no-referrer"
        assert "Your account is safe" in done.text
        assert "You have told us already" in later.text
        assert len(await mails(wired, "reset-password")) == 1

    @pytest.mark.parametrize("method", ["GET", "POST"])
    async def test_a_broken_link_says_what_to_do(
        self, method: str, client: httpx.AsyncClient
    ) -> None:
        shown = await client.request(method, "/not-me/abc")

        assert shown.status_code == 404
        assert "not valid any more" in shown.text
