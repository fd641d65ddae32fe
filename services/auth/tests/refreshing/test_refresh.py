"""Refresh families (S2-S8, S10-S12)."""

import asyncio
from datetime import timedelta
from functools import partial

import httpx
import pytest
from services.auth.tests.conftest import People, Person, Wire, Wired, settings_with

from stitch_common.database import Database
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.waiting import until

REFRESH = "/api/auth/refresh"
JSON = {"content-type": "application/json"}
COOKIE = "__Host-stitch-refresh"


@pytest.fixture
async def ada(people: People) -> Person:
    return await people.make(username="ada")


@pytest.fixture
async def token(people: People, ada: Person) -> str:
    answer = await people.log_in(ada, scope="offline_access")
    return str(answer.json()["refresh_token"])


async def use(wired: Wired, token: str) -> httpx.Response:
    return await wired.client.post(REFRESH, json={"refresh_token": token})


async def successor(wired: Wired, token: str) -> str:
    answer = await use(wired, token)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["refresh_token"])


async def generations(wired: Wired) -> list[int]:
    return [row["generation"] for row in await wired.rows("select generation from auth.sessions")]


async def test_a_refresh_gives_a_new_pair(
    client: httpx.AsyncClient, wired: Wired, people: People, ada: Person
) -> None:
    first = await people.log_in(ada)

    answer = await client.post(REFRESH, headers=JSON)

    assert answer.status_code == 200
    assert answer.json()["access_token"] != first.json()["access_token"]
    assert set(answer.json()) == {"access_token", "token_type", "expires_in", "scope"}
    assert answer.headers["cache-control"] == "no-store"
    assert answer.cookies[COOKIE] != first.cookies[COOKIE]
    assert await generations(wired) == [1]


async def test_tokens_work_one_after_the_other(wired: Wired, token: str) -> None:
    seen = [token]
    for _ in range(5):
        seen.append(await successor(wired, seen[-1]))

    assert len(set(seen)) == 6


async def test_a_lost_answer_can_be_asked_for_again(wired: Wired, token: str) -> None:
    lost = await successor(wired, token)

    again = await successor(wired, token)

    assert again == lost
    assert await generations(wired) == [1]
    await successor(wired, again)


async def test_the_grace_begins_with_the_first_use_and_is_not_renewed(
    wired: Wired, token: str, clock: SettableClock
) -> None:
    await successor(wired, token)
    clock.advance(timedelta(seconds=20))
    await successor(wired, token)
    clock.advance(timedelta(seconds=11))

    late = await use(wired, token)

    assert (late.status_code, late.json()["code"]) == (401, "invalid-refresh-token")


async def test_an_older_token_ends_the_session_for_thief_and_owner(
    wired: Wired, token: str, ada: Person
) -> None:
    current = await successor(wired, await successor(wired, token))

    replayed = await use(wired, token)

    assert replayed.status_code == 401
    assert (await use(wired, current)).status_code == 401
    (session,) = await wired.rows("select sid, end_reason from auth.sessions")
    (fact,) = await wired.facts("session.revoked")
    assert (fact["sid"], fact["user_id"]) == (session["sid"], ada.id)
    assert fact["reason"] == session["end_reason"] == "replayed"


async def test_a_forged_token_of_a_real_session_ends_nothing(wired: Wired, token: str) -> None:
    forged = token[:-4] + ("AAAA" if not token.endswith("AAAA") else "BBBB")

    answers = [await use(wired, bad) for bad in (forged, "", "x" * 400, token + "=")]

    assert {answer.status_code for answer in answers} == {401}
    await successor(wired, token)


async def test_parallel_refreshes_make_one_rotation_and_one_successor(
    wire: Wire, busy_database: Database
) -> None:
    replicas = [await wire(busy_database, settings_with()) for _ in range(2)]
    people = People(replicas[0])
    granted = await people.log_in(await people.make(), scope="offline_access")
    token = granted.json()["refresh_token"]

    answers = await asyncio.gather(*(use(replicas[n % 2], token) for n in range(50)))

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    assert await generations(replicas[0]) == [1]
    refreshed = "select 1 from auth.audit_log where action = 'session.refreshed'"
    assert len(await replicas[0].rows(refreshed)) == 1


WAITING = "select 1 from pg_stat_activity where wait_event_type = 'Lock' and query like '%rotated%'"


async def test_a_session_that_ends_while_it_is_refreshed_stays_ended(
    wire: Wire, busy_database: Database
) -> None:
    wired = await wire(busy_database, settings_with())
    people = People(wired)
    granted = await people.log_in(await people.make(), scope="offline_access")

    async with busy_database.connection() as other, other.transaction():
        await other.execute("update auth.sessions set ended_at = now(), end_reason = 'logout'")
        refresh = asyncio.create_task(use(wired, granted.json()["refresh_token"]))
        await until(partial(wired.rows, WAITING))

    assert (await refresh).status_code == 401
    assert await generations(wired) == [0]


async def test_nobody_refreshes_for_an_account_that_is_closed(wired: Wired, token: str) -> None:
    """S15, even if its sessions had not been ended."""
    await wired.rows("update auth.users set is_active = false returning 1")

    assert (await use(wired, token)).status_code == 401
    assert await generations(wired) == [0]


async def test_sessions_survive_a_restart(
    wire: Wire, database: Database, wired: Wired, token: str
) -> None:
    newer = await successor(wired, token)

    restarted = await wire(database, settings_with())

    assert (await use(restarted, newer)).status_code == 200


async def test_a_session_ends_when_it_is_not_used(
    wired: Wired, token: str, clock: SettableClock
) -> None:
    clock.advance(timedelta(days=13))
    newer = await successor(wired, token)
    clock.advance(timedelta(days=13))
    newest = await successor(wired, newer)
    clock.advance(timedelta(days=14))

    assert (await use(wired, newest)).status_code == 401


async def test_a_session_ends_at_last_however_often_it_is_used(
    wired: Wired, token: str, clock: SettableClock
) -> None:
    for _ in range(9):
        token = await successor(wired, token)
        clock.advance(timedelta(days=10))

    assert (await use(wired, token)).status_code == 401


async def test_a_loser_never_touches_the_cookie(
    client: httpx.AsyncClient, wired: Wired, people: People, ada: Person
) -> None:
    stolen = (await people.log_in(ada)).cookies[COOKIE]
    for _ in range(2):
        await client.post(REFRESH, headers=JSON)
    client.cookies.clear()

    answers = [
        await client.post(REFRESH, headers={**JSON, "cookie": f"{COOKIE}={stolen}"}),
        await client.post(REFRESH, headers={**JSON, "cookie": f"{COOKIE}=nonsense"}),
        await client.post(REFRESH, headers=JSON),
    ]

    assert [answer.status_code for answer in answers] == [401] * 3
    assert not any("set-cookie" in answer.headers for answer in answers)


async def test_a_token_travels_only_the_way_it_was_given(
    client: httpx.AsyncClient, wired: Wired, people: People, ada: Person, token: str
) -> None:
    cookie = (await people.log_in(ada)).cookies[COOKIE]
    client.cookies.clear()

    as_body = await use(wired, cookie)
    as_cookie = await client.post(REFRESH, headers={**JSON, "cookie": f"{COOKIE}={token}"})

    assert (as_body.status_code, as_cookie.status_code) == (401, 401)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "application/json"}, 200),
        ({"content-type": "application/json; charset=utf-8", "origin": "https://app.example"}, 200),
        ({"x-requested-with": "fetch"}, 200),
        ({**JSON, "origin": "https://stitch.example", "sec-fetch-site": "same-origin"}, 200),
        ({}, 415),
        ({"content-type": "text/plain"}, 415),
        ({"content-type": "text/plain", "x-requested-with": "fetch"}, 415),
        ({"content-type": "application/x-www-form-urlencoded"}, 415),
        ({**JSON, "origin": "https://evil.example"}, 403),
        ({**JSON, "origin": "null"}, 403),
        ({**JSON, "sec-fetch-site": "cross-site"}, 403),
    ],
)
async def test_the_cookie_is_for_deliberate_requests_of_our_pages(
    headers: dict[str, str],
    status: int,
    client: httpx.AsyncClient,
    wired: Wired,
    people: People,
    ada: Person,
) -> None:
    await people.log_in(ada)

    answer = await client.post(REFRESH, headers=headers)

    assert answer.status_code == status
    assert await generations(wired) == [1 if status == 200 else 0]


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT"])
async def test_only_a_post_refreshes(
    method: str, client: httpx.AsyncClient, wired: Wired, people: People, ada: Person
) -> None:
    await people.log_in(ada)

    answer = await client.request(method, REFRESH, headers=JSON)

    assert answer.status_code == 405
    assert await generations(wired) == [0]
