"""Who did what, when, from where (S54)."""

from datetime import timedelta

import httpx
import pytest
from services.auth.tests.conftest import PASSWORD, People, Person, Wired

from stitch_common.security.principals import Role
from stitch_common.testing.clock import NOW, SettableClock

LOG = "/api/auth/audit-log"


@pytest.fixture
async def root(people: People) -> Person:
    return await people.make(Role.ADMIN, "root")


@pytest.fixture
async def headers(people: People, root: Person) -> dict[str, str]:
    return await people.headers(root)


async def test_every_event_leaves_an_entry_without_secrets(
    client: httpx.AsyncClient, people: People, wired: Wired, headers: dict[str, str]
) -> None:
    wish = {"email": "ada@example.com", "username": "ada", "password": PASSWORD}
    await client.post("/api/auth/register", json=wish)
    ada = await people.make(username="grace")
    wrong = {"username": "grace", "password": "not-the-password"}
    await client.post("/api/auth/token", data=wrong, headers={"x-request-id": "req-7"})
    granted = (await people.log_in(ada, scope="offline_access")).json()
    bearer = {"authorization": f"Bearer {granted['access_token']}"}
    await client.post("/api/auth/refresh", json={"refresh_token": granted["refresh_token"]})
    await client.patch("/api/auth/me", headers=bearer, json={"full_name": "Grace H."})
    url = f"/api/auth/users/{ada.id}"
    await client.patch(url, headers=headers, json={"role": "editor"})
    await client.patch(url, headers=headers, json={"is_active": False})

    answer = await client.get(LOG, headers=headers)

    entries = answer.json()
    happened = [(entry["action"], entry["result"]) for entry in reversed(entries)]
    assert happened == [
        ("user.registered", "success"),
        ("login", "success"),
        ("user.registered", "success"),
        ("user.registered", "success"),
        ("login", "failure"),
        ("login", "success"),
        ("session.refreshed", "success"),
        ("user.updated", "success"),
        ("user.made_editor", "success"),
        ("user.deactivated", "success"),
        ("session.ended", "success"),
    ]
    failed = next(entry for entry in entries if entry["result"] == "failure")
    assert (failed["actor_id"], failed["ip"], failed["request_id"]) == (
        ada.id, "127.0.0.1", "req-7",
    )  # fmt: skip
    for secret in (PASSWORD, "not-the-password", *granted.values()):
        assert secret in {"bearer", 900, "api offline_access"} or str(secret) not in answer.text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("action=login", 3),
        ("action=nothing", 0),
        ("until=2026-03-02T12:30:00Z", 2),
        ("since=2026-03-02T12:30:00Z", 2),
        ("since=2026-03-02T12:30:00%2B02:00&action=login", 3),
    ],
)
async def test_entries_are_found_by_action_and_time(
    query: str,
    count: int,
    client: httpx.AsyncClient,
    people: People,
    root: Person,
    headers: dict[str, str],
    clock: SettableClock,
) -> None:
    clock.set(NOW + timedelta(hours=1))
    headers = await people.headers(root)
    await people.log_in(root)

    entries = (await client.get(f"{LOG}?{query}", headers=headers)).json()

    assert len(entries) == count


async def test_entries_are_found_by_who_did_it(
    client: httpx.AsyncClient, people: People, root: Person, headers: dict[str, str]
) -> None:
    await people.make()

    entries = (await client.get(f"{LOG}?actor_id={root.id}", headers=headers)).json()

    assert {entry["actor_id"] for entry in entries} == {root.id}


async def test_pages_hold_every_entry_once(
    client: httpx.AsyncClient, people: People, headers: dict[str, str]
) -> None:
    for _ in range(3):
        await people.make()

    first = await client.get(f"{LOG}?limit=3", headers=headers)
    second = await client.get(first.links["next"]["url"], headers=headers)

    ids = [entry["id"] for entry in first.json() + second.json()]
    assert len(ids) == 5
    assert ids == sorted(set(ids), reverse=True)


async def test_entries_are_counted_if_asked(
    client: httpx.AsyncClient, people: People, headers: dict[str, str]
) -> None:
    for _ in range(3):
        await people.make()

    counted = await client.get(f"{LOG}?limit=1&count=true&action=user.registered", headers=headers)
    uncounted = await client.get(f"{LOG}?limit=1", headers=headers)

    assert counted.headers["x-total-count"] == "4"
    assert "x-total-count" not in uncounted.headers


@pytest.mark.parametrize("moment", ["5", "1767225600", "1767225600.5", "2026-03-02", "-1"])
async def test_a_number_is_no_time(
    moment: str, client: httpx.AsyncClient, headers: dict[str, str]
) -> None:
    answer = await client.get(f"{LOG}?since={moment}", headers=headers)

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/query/since"
