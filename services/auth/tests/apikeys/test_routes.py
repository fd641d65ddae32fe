"""API keys: shown once, hashed, never more than their owner, revocable, expiring (S58)."""

import asyncio
from base64 import b64encode
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from services.auth.tests.conftest import People, Person, Wire, Wired, settings_with

from stitch_common.database import Database
from stitch_common.security.principals import Role
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.waiting import until

API_KEYS, TOKEN = "/api/auth/api-keys", "/api/auth/token"
WAITS = """
select exists (
    select from pg_stat_activity
    where wait_event_type = 'Lock' and datname = current_database()
)
"""
WANTED = {"name": "nightly export", "role": "editor", "expires_in_days": 30}


@pytest.fixture
async def chief(people: People) -> Person:
    return await people.make(Role.ADMIN, "chief")


@pytest.fixture
async def admin(people: People, chief: Person) -> dict[str, str]:
    return await people.headers(chief)


@pytest.fixture
async def key(client: httpx.AsyncClient, admin: Any) -> dict[str, Any]:
    made: dict[str, Any] = (await client.post(API_KEYS, json=WANTED, headers=admin)).json()
    return made


def form(key: dict[str, Any], **changes: str) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": key["client_id"],
        "client_secret": key["client_secret"],
        **changes,
    }


def claims(answer: httpx.Response) -> dict[str, Any]:
    found: dict[str, Any] = jwt.decode(
        answer.json()["access_token"], options={"verify_signature": False}
    )
    return found


async def test_a_key_is_exchanged_for_a_short_token_of_its_role(
    client: httpx.AsyncClient, chief: Person, key: dict[str, Any]
) -> None:
    answer = await client.post(TOKEN, data=form(key))

    assert answer.status_code == 200
    assert set(answer.json()) == {"access_token", "token_type", "expires_in", "scope"}
    assert answer.headers["cache-control"] == "no-store"
    assert "set-cookie" not in answer.headers
    said = claims(answer)
    assert (said["sub"], said["role"], said["client_id"]) == (
        str(chief.id), "editor", key["client_id"],
    )  # fmt: skip
    headers = {"authorization": f"Bearer {answer.json()['access_token']}"}
    assert (await client.get("/api/auth/me", headers=headers)).status_code == 200
    assert (await client.get("/api/auth/users", headers=headers)).status_code == 403


async def test_a_basic_credential_does_as_well(
    client: httpx.AsyncClient, key: dict[str, Any]
) -> None:
    encoded = b64encode(f"{key['client_id']}:{key['client_secret']}".encode()).decode()

    answer = await client.post(
        TOKEN,
        data={"grant_type": "client_credentials"},
        headers={"authorization": f"Basic {encoded}"},
    )

    assert answer.status_code == 200


@pytest.mark.parametrize("name", ["key\0", "key%00", "k\ney"])
async def test_a_basic_credential_with_control_characters_is_none(
    name: str, client: httpx.AsyncClient
) -> None:
    encoded = b64encode(f"{name}:secret".encode()).decode()

    answer = await client.post(
        TOKEN,
        data={"grant_type": "client_credentials"},
        headers={"authorization": f"Basic {encoded}"},
    )

    assert (answer.status_code, answer.json()["error"]) == (401, "invalid_client")


async def test_the_secret_is_shown_once_and_stored_nowhere(
    client: httpx.AsyncClient, wired: Wired, admin: Any, key: dict[str, Any]
) -> None:
    listed = (await client.get(API_KEYS, headers=admin)).json()

    assert [each["name"] for each in listed] == ["nightly export"]
    assert "client_secret" not in listed[0]
    stored = str(await wired.rows("select * from auth.api_keys"))
    stored += str(await wired.rows("select * from auth.audit_log"))
    stored += str(await wired.rows("select * from auth.idempotency_keys"))
    assert key["client_secret"] not in stored


@pytest.mark.parametrize(
    "change", [{"client_secret": "wrong"}, {"client_id": "key_nobody"}, {"client_secret": ""}]
)
async def test_whatever_is_wrong_the_answer_is_the_same(
    change: dict[str, str], client: httpx.AsyncClient, key: dict[str, Any]
) -> None:
    answer = await client.post(TOKEN, data=form(key, **change))

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid-client")
    assert answer.json()["error"] == "invalid_client"


async def test_a_key_expires(
    client: httpx.AsyncClient, key: dict[str, Any], clock: SettableClock
) -> None:
    clock.advance(timedelta(days=30))

    assert (await client.post(TOKEN, data=form(key))).status_code == 401


async def test_a_key_makes_no_keys_that_would_outlive_it(
    client: httpx.AsyncClient, admin: Any
) -> None:
    wanted = {**WANTED, "role": "admin"}
    key = (await client.post(API_KEYS, json=wanted, headers=admin)).json()
    granted = (await client.post(TOKEN, data=form(key))).json()["access_token"]

    refused = await client.post(
        API_KEYS, json=wanted, headers={"authorization": f"Bearer {granted}"}
    )

    assert (refused.status_code, refused.json()["code"]) == (403, "person-required")
    assert len((await client.get(API_KEYS, headers=admin)).json()) == 1


async def test_a_revoked_key_gets_nothing_and_its_tokens_are_revoked(
    client: httpx.AsyncClient, wired: Wired, admin: Any, key: dict[str, Any]
) -> None:
    granted = await client.post(TOKEN, data=form(key))

    revoked = await client.delete(f"{API_KEYS}/{key['id']}", headers=admin)
    again = await client.delete(f"{API_KEYS}/{key['id']}", headers=admin)

    assert (revoked.status_code, again.status_code) == (204, 404)
    assert (await client.post(TOKEN, data=form(key))).status_code == 401
    (fact,) = await wired.facts("session.revoked")
    assert fact["sid"] == claims(granted)["sid"]


async def test_a_key_that_is_revoked_while_it_is_exchanged_is_none(
    wire: Wire, busy_database: Database
) -> None:
    wired = await wire(busy_database, settings_with())
    people = People(wired)
    admin = await people.headers(await people.make(Role.ADMIN, "chief"))
    key = (await wired.client.post(API_KEYS, json=WANTED, headers=admin)).json()

    async with busy_database.connection() as revoking, busy_database.connection() as watching:
        async with revoking.transaction():
            await revoking.execute("update auth.api_keys set revoked_at = created_at")
            exchange = asyncio.create_task(wired.client.post(TOKEN, data=form(key)))
            await until(lambda: watching.fetchval(WAITS))
        answer = await exchange

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid-client")


async def test_a_program_that_logs_out_ends_its_token_and_nothing_else(
    client: httpx.AsyncClient, wired: Wired, admin: Any, key: dict[str, Any]
) -> None:
    granted = await client.post(TOKEN, data=form(key))
    bearer = {"authorization": f"Bearer {granted.json()['access_token']}"}

    ended = await client.post("/api/auth/logout", headers=bearer)

    assert ended.status_code == 204
    (fact,) = await wired.facts("token.revoked")
    assert fact["jti"] == claims(granted)["jti"]
    assert await wired.facts("session.revoked") == []
    assert (await client.post(TOKEN, data=form(key))).status_code == 200
    assert (await client.get(API_KEYS, headers=admin)).status_code == 200


async def test_a_key_never_has_more_than_its_owner_has_now(
    client: httpx.AsyncClient, wired: Wired, chief: Person, key: dict[str, Any]
) -> None:
    await wired.rows("update auth.users set role = 'viewer' where id = $1", chief.id)

    assert claims(await client.post(TOKEN, data=form(key)))["role"] == "viewer"


async def test_the_key_of_somebody_who_may_not_log_in_gets_nothing(
    client: httpx.AsyncClient, wired: Wired, chief: Person, key: dict[str, Any]
) -> None:
    await wired.rows("update auth.users set is_active = false where id = $1", chief.id)

    assert (await client.post(TOKEN, data=form(key))).status_code == 401


@pytest.mark.parametrize("missing", ["username", "password"])
async def test_the_password_grant_still_wants_both(missing: str, client: httpx.AsyncClient) -> None:
    data = {"username": "ada", "password": "x"}
    del data[missing]

    answer = await client.post(TOKEN, data=data)

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == f"/{missing}"


@pytest.mark.parametrize(
    "change", [{"name": ""}, {"role": "owner"}, {"expires_in_days": 0}, {"expires_in_days": 400}]
)
async def test_impossible_wishes_are_refused(
    change: dict[str, Any], client: httpx.AsyncClient, admin: Any
) -> None:
    answer = await client.post(API_KEYS, json={**WANTED, **change}, headers=admin)

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("method", "path"), [("GET", API_KEYS), ("POST", API_KEYS), ("DELETE", f"{API_KEYS}/1")]
)
@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
async def test_only_admins_may(
    method: str, path: str, role: Role, client: httpx.AsyncClient, people: People
) -> None:
    headers = await people.headers(await people.make(role))

    assert (await client.request(method, path, json=WANTED, headers=headers)).status_code == 403
    assert (await client.request(method, path, json=WANTED)).status_code == 401
