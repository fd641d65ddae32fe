"""Ending sessions: this one, that one, all (S16, S17)."""

import httpx
import pytest
from services.auth.tests.conftest import PASSWORD, People, Person, Wired
from services.auth.tests.mailbox import newest_token

from stitch_common.testing.clock import SettableClock

JSON = {"content-type": "application/json"}
SESSIONS = "/api/auth/me/sessions"


@pytest.fixture
async def ada(people: People) -> Person:
    return await people.make(username="ada")


async def test_logging_out_ends_this_session_only(
    client: httpx.AsyncClient, wired: Wired, people: People, ada: Person
) -> None:
    other = (await people.log_in(ada, scope="offline_access")).json()["refresh_token"]
    headers = await people.headers(ada)

    answer = await client.post("/api/auth/logout", headers=headers)

    assert (answer.status_code, answer.content) == (204, b"")
    assert 'stitch-refresh=""; ' in answer.headers["set-cookie"]
    assert "Max-Age=0" in answer.headers["set-cookie"]
    (fact,) = await wired.facts("session.revoked")
    assert fact["reason"] == "logout"
    assert (await client.post("/api/auth/refresh", headers=JSON)).status_code == 401
    still = await client.post("/api/auth/refresh", json={"refresh_token": other})
    assert still.status_code == 200


async def test_logging_out_twice_is_fine(
    client: httpx.AsyncClient, wired: Wired, people: People, ada: Person
) -> None:
    headers = await people.headers(ada)

    answers = [await client.post("/api/auth/logout", headers=headers) for _ in range(2)]

    assert [answer.status_code for answer in answers] == [204, 204]
    assert len(await wired.facts("session.revoked")) == 1


async def test_logging_out_everywhere_ends_all_and_a_new_log_in_works(
    client: httpx.AsyncClient, wired: Wired, people: People, ada: Person
) -> None:
    grace = await people.make(username="grace")
    await people.log_in(grace)
    tokens = [
        (await people.log_in(ada, scope="offline_access")).json()["refresh_token"] for _ in range(2)
    ]

    answer = await client.post("/api/auth/logout-all", headers=await people.headers(ada))
    new = await people.log_in(ada, scope="offline_access")

    assert answer.status_code == 204
    assert [fact["user_id"] for fact in await wired.facts("session.revoked")] == [ada.id] * 3
    old = [await client.post("/api/auth/refresh", json={"refresh_token": t}) for t in tokens]
    assert [answer.status_code for answer in old] == [401, 401]
    refreshed = await client.post(
        "/api/auth/refresh", json={"refresh_token": new.json()["refresh_token"]}
    )
    assert refreshed.status_code == 200


async def test_logging_out_everywhere_makes_mailed_links_worthless(
    client: httpx.AsyncClient, wired: Wired, people: People, ada: Person, clock: SettableClock
) -> None:
    headers = await people.headers(ada)
    await client.post("/api/auth/password-reset", json={"email": ada.email})
    wish = {"email": "thief@example.net", "password": PASSWORD}
    await client.post("/api/auth/me/email", headers=headers, json=wish)
    reset = await newest_token(wired, clock, "reset-password")
    verify = await newest_token(wired, clock, "verify-email")

    await client.post("/api/auth/logout-all", headers=headers)

    body = {"token": reset, "password": "orchid-tractor-lagoon-17"}
    assert (await client.post("/api/auth/password-reset/confirm", json=body)).status_code == 404
    assert (await client.post("/api/auth/verify-email", json={"token": verify})).status_code == 404


@pytest.mark.parametrize("path", ["logout", "logout-all"])
async def test_logging_out_needs_who_it_is_and_a_page_of_ours(
    path: str, client: httpx.AsyncClient, people: People, ada: Person
) -> None:
    headers = await people.headers(ada)
    url = f"/api/auth/{path}"

    anonymous = await client.post(url, headers=JSON)
    foreign = await client.post(url, headers={**headers, "origin": "https://evil.example"})
    plain = await client.post(url, headers={**headers, "content-type": "text/plain"})
    asked = await client.get(url, headers=headers)

    statuses = [answer.status_code for answer in (anonymous, foreign, plain, asked)]
    assert statuses == [401, 403, 415, 405]


async def test_people_see_where_they_are_logged_in(
    client: httpx.AsyncClient, people: People, ada: Person
) -> None:
    client.headers["user-agent"] = "Laptop\x7f"
    await people.log_in(ada)
    client.headers["user-agent"] = "Phone"
    headers = await people.headers(ada)
    await people.log_in(await people.make(username="grace"))

    sessions = (await client.get(SESSIONS, headers=headers)).json()

    assert {(s["user_agent"], s["is_current"]) for s in sessions} == {
        ("Laptop", False), ("Phone", True),
    }  # fmt: skip
    assert {s["ip"] for s in sessions} == {"127.0.0.1"}


async def test_people_end_one_of_their_sessions_and_nobody_else_s(
    client: httpx.AsyncClient, people: People, ada: Person
) -> None:
    headers = await people.headers(ada)
    (sid,) = [s["sid"] for s in (await client.get(SESSIONS, headers=headers)).json()]
    other = await people.headers(await people.make(username="grace"))

    foreign = await client.delete(f"{SESSIONS}/{sid}", headers=other)
    own = await client.delete(f"{SESSIONS}/{sid}", headers=headers)
    again = await client.delete(f"{SESSIONS}/{sid}", headers=headers)
    absent = await client.delete(f"{SESSIONS}/nonsense", headers=headers)

    assert [a.status_code for a in (foreign, own, again, absent)] == [404, 204, 404, 404]
    assert (await client.get(SESSIONS, headers=headers)).json() == []
