"""The page behind the mailed link (S47, S48)."""

from datetime import datetime, timedelta

import httpx
import pytest
from services.auth.tests.conftest import KEY, PASSWORD, Wire, Wired, settings_with

from stitch_common.database import Database
from stitch_common.security.links import LinkSigner
from stitch_common.testing.clock import SettableClock

WISH = {"email": "ada'b@example.com", "username": "ada", "password": PASSWORD}


async def registered(wired: Wired, clock: SettableClock) -> str:
    await wired.client.post("/api/auth/register", json=WISH)
    (fact,) = await wired.facts("email_verification.requested")
    token = LinkSigner({"verify-email": {"1": KEY}}, clock).sign(
        "verify-email",
        fact["verification_id"],
        version=1,
        expires_at=datetime.fromisoformat(fact["expires_at"]),
    )
    return f"/verify-email/{token}"


async def is_verified(wired: Wired) -> bool:
    (row,) = await wired.rows("select email_verified_at from auth.users")
    return row["email_verified_at"] is not None


@pytest.fixture
async def url(wired: Wired, clock: SettableClock) -> str:
    return await registered(wired, clock)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_opening_the_link_changes_nothing(
    method: str, client: httpx.AsyncClient, wired: Wired, url: str
) -> None:
    before = await wired.rows("select * from auth.email_verifications")

    answers = [await client.request(method, url) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [200] * 3
    assert await wired.rows("select * from auth.email_verifications") == before
    assert not await is_verified(wired)


async def test_the_button_confirms_the_address(
    client: httpx.AsyncClient, wired: Wired, url: str
) -> None:
    asked = await client.get(url)
    confirmed = await client.post(url)

    assert "ada&#39;b@example.com" in asked.text
    assert '<form method="post">' in asked.text
    assert "Your address is confirmed" in confirmed.text
    assert await is_verified(wired)


async def test_coming_back_later_says_that_all_is_done(client: httpx.AsyncClient, url: str) -> None:
    await client.post(url)

    answers = [await client.get(url), await client.post(url)]

    assert [answer.status_code for answer in answers] == [200, 200]
    assert all("confirmed already" in answer.text for answer in answers)
    assert all("<form" not in answer.text for answer in answers)


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_link_that_does_not_count_says_what_to_do(
    method: str, client: httpx.AsyncClient, url: str, clock: SettableClock
) -> None:
    clock.advance(timedelta(days=3))

    expired = await client.request(method, url)
    broken = await client.request(method, f"{url[:-3]}abc")

    assert (expired.status_code, broken.status_code) == (404, 404)
    assert expired.headers["content-type"] == "text/html; charset=utf-8"
    assert "not valid any more" in expired.text
    assert expired.text == broken.text


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_browsers_keep_the_link_to_themselves(
    method: str, client: httpx.AsyncClient, url: str
) -> None:
    answer = await client.request(method, url)

    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-robots-tag"] == "noindex, nofollow"
    assert answer.headers["x-frame-options"] == "DENY"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self'" in policy
    assert "unsafe" not in policy
    assert "<script" not in answer.text


async def test_the_way_to_the_log_in_is_configured_and_never_taken_from_the_request(
    wire: Wire, database: Database, clock: SettableClock
) -> None:
    wired = await wire(database, settings_with(login_url="https://app.example/login"))
    url = await registered(wired, clock)

    answer = await wired.client.post(url, headers={"host": "evil.example"})

    assert 'href="https://app.example/login"' in answer.text
    assert "evil.example" not in answer.text
