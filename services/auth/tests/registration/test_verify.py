"""Confirming an address: once, by the newest mail, in time (S23, S47, S49)."""

import asyncio
from datetime import datetime, timedelta

import httpx
import pytest
from services.auth.tests.conftest import KEY, PASSWORD, People, Wire, Wired, settings_with

from stitch_common.database import Database
from stitch_common.security.links import LinkSigner
from stitch_common.testing.clock import SettableClock

VERIFY = "/api/auth/verify-email"
RESEND = f"{VERIFY}/resend"
WISH = {"email": "ada@example.com", "username": "ada", "password": PASSWORD, "full_name": "Ada"}


async def mailed_token(wired: Wired, clock: SettableClock) -> str:
    """The token that notifications makes of the newest fact."""
    fact = (await wired.facts("email_verification.requested"))[-1]
    signer = LinkSigner({"verify-email": {"1": KEY}}, clock)
    return signer.sign(
        "verify-email",
        fact["verification_id"],
        version=1,
        expires_at=datetime.fromisoformat(fact["expires_at"]),
    )


async def is_verified(wired: Wired) -> bool:
    (row,) = await wired.rows("select email_verified_at from auth.users where username = 'ada'")
    return row["email_verified_at"] is not None


@pytest.fixture
async def token(wired: Wired, clock: SettableClock) -> str:
    await wired.client.post("/api/auth/register", json=WISH)
    return await mailed_token(wired, clock)


async def test_the_mailed_token_confirms_the_address(
    client: httpx.AsyncClient, wired: Wired, token: str
) -> None:
    answer = await client.post(VERIFY, json={"token": token})

    assert answer.status_code == 200
    assert await is_verified(wired)
    (fact,) = await wired.facts("user.verified")
    (user,) = await wired.rows("select id, version from auth.users")
    assert (fact["user_id"], fact["version"]) == (user["id"], user["version"])


async def test_a_token_works_once(client: httpx.AsyncClient, wired: Wired, token: str) -> None:
    await client.post(VERIFY, json={"token": token})

    again = await client.post(VERIFY, json={"token": token})

    assert (again.status_code, again.json()["code"]) == (409, "link-already-used")
    assert len(await wired.facts("user.verified")) == 1


async def test_of_parallel_submissions_one_counts(
    wire: Wire, busy_database: Database, clock: SettableClock
) -> None:
    wired = await wire(busy_database, settings_with())
    await wired.client.post("/api/auth/register", json=WISH)
    token = await mailed_token(wired, clock)

    answers = await asyncio.gather(
        *(wired.client.post(VERIFY, json={"token": token}) for _ in range(20))
    )

    assert sorted(answer.status_code for answer in answers) == [200] + [409] * 19
    assert len(await wired.facts("user.verified")) == 1


async def test_a_token_expires(
    client: httpx.AsyncClient, wired: Wired, token: str, clock: SettableClock
) -> None:
    clock.advance(timedelta(hours=48))

    answer = await client.post(VERIFY, json={"token": token})

    assert (answer.status_code, answer.json()["code"]) == (404, "invalid-link")
    assert not await is_verified(wired)


async def test_a_newer_mail_makes_the_older_worthless(
    client: httpx.AsyncClient, wired: Wired, token: str, clock: SettableClock
) -> None:
    await client.post(RESEND, json={"email": "ada@example.com"})
    newer = await mailed_token(wired, clock)

    old = await client.post(VERIFY, json={"token": token})
    new = await client.post(VERIFY, json={"token": newer})

    assert newer != token
    assert (old.status_code, new.status_code) == (404, 200)


@pytest.mark.parametrize("change", ["x", "", "A", "=="])
async def test_another_spelling_is_no_token(
    change: str, client: httpx.AsyncClient, token: str
) -> None:
    other = "y" if token.endswith("x") else "x"

    answer = await client.post(VERIFY, json={"token": token[:-1] + change + other})

    assert answer.status_code == 404


async def test_a_token_for_another_purpose_confirms_nothing(
    client: httpx.AsyncClient, wired: Wired, token: str, clock: SettableClock
) -> None:
    fact = (await wired.facts("email_verification.requested"))[-1]
    guest = LinkSigner({"rsvp": {"1": KEY}}, clock).sign(
        "rsvp",
        fact["verification_id"],
        version=1,
        expires_at=datetime.fromisoformat(fact["expires_at"]),
    )

    answer = await client.post(VERIFY, json={"token": guest})

    assert answer.status_code == 404


async def test_a_token_of_a_mail_that_was_never_sent_confirms_nothing(
    client: httpx.AsyncClient, token: str, clock: SettableClock
) -> None:
    signer = LinkSigner({"verify-email": {"1": KEY}}, clock)
    expires_at = clock() + timedelta(days=1)

    answer = await client.post(
        VERIFY,
        json={"token": signer.sign("verify-email", 9999, version=1, expires_at=expires_at)},
    )

    assert answer.status_code == 404


async def test_who_asks_for_another_mail_learns_nothing(
    client: httpx.AsyncClient, wired: Wired, people: People, token: str
) -> None:
    verified = await people.make()

    answers = [
        await client.post(RESEND, json={"email": email})
        for email in ("ada@example.com", "nobody@example.com", verified.email)
    ]

    assert {(answer.status_code, answer.content) for answer in answers} == {
        (202, answers[0].content)
    }
    mails = await wired.facts("email_verification.requested")
    assert [mail["email"] for mail in mails] == ["ada@example.com"] * 2


async def test_one_address_gets_a_mail_a_minute_at_most(
    client: httpx.AsyncClient, wired: Wired, token: str, clock: SettableClock
) -> None:
    for seconds in (0, 30, 29, 4):
        clock.advance(timedelta(seconds=seconds))
        await client.post(RESEND, json={"email": "ada@example.com"})

    assert len(await wired.facts("email_verification.requested")) == 3


async def test_get_confirms_nothing(client: httpx.AsyncClient, wired: Wired, token: str) -> None:
    answer = await client.get(VERIFY, params={"token": token})

    assert answer.status_code == 405
    assert not await is_verified(wired)


async def test_the_journey_from_registration_to_log_in(
    client: httpx.AsyncClient, token: str
) -> None:
    form = {"username": "ada@example.com", "password": PASSWORD}
    before = await client.post("/api/auth/token", data=form)

    await client.post(VERIFY, json={"token": token})
    after = await client.post("/api/auth/token", data=form)

    assert (before.status_code, before.json()["code"]) == (403, "email-not-verified")
    assert after.status_code == 200
