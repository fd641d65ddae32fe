"""Keys follow each other, never too early and never twice (S30, S35, S36)."""

import asyncio
from base64 import b64encode
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from pydantic import SecretStr
from services.auth.tests.conftest import KEY, PASSWORD, People, Wired, settings_with

from stitch_auth.keys.service import KeyLifecycle, KeyService
from stitch_auth.worker import rewrap
from stitch_common.database import Database
from stitch_common.security.principals import Role
from stitch_common.security.sealing import UnsealError
from stitch_common.testing.clock import SettableClock

KEYS = "/api/auth/keys"
ROTATE = f"{KEYS}/rotate"
MAX_AGE = timedelta(minutes=5)
TTL = timedelta(minutes=15)


def lifecycle(database: Database, clock: SettableClock, **changes: Any) -> KeyLifecycle:
    return KeyLifecycle(database, clock, settings_with(**changes))


@pytest.fixture
async def keys(database: Database, clock: SettableClock) -> KeyLifecycle:
    """With an active key and its follower."""
    found = lifecycle(database, clock)
    await found.tick()
    return found


@pytest.fixture
async def admin(people: People) -> dict[str, str]:
    return await people.headers(await people.make(Role.ADMIN))


async def states(wired: Wired) -> list[str]:
    """From the oldest to the newest."""
    rows = await wired.rows("select state from auth.signing_keys order by created_at, state")
    return [row["state"] for row in rows]


async def signing_kid(wired: Wired) -> str:
    token = await KeyService.configured(
        wired.runtime.database, wired.runtime.clock, wired.runtime.settings
    ).sign({"sub": "1"})
    return str(jwt.get_unverified_header(token)["kid"])


async def test_a_follower_is_published_before_it_signs_and_everybody_is_told(
    wired: Wired, keys: KeyLifecycle, client: httpx.AsyncClient, clock: SettableClock
) -> None:
    await keys.tick()
    clock.advance(timedelta(seconds=6))

    published = (await client.get("/api/auth/.well-known/jwks.json")).json()["keys"]

    assert len(published) == 2
    assert sorted(await states(wired)) == ["active", "next"]
    assert len(await wired.facts("key.rotated")) == 1


async def test_keys_follow_each_other_on_schedule(
    wired: Wired, keys: KeyLifecycle, clock: SettableClock
) -> None:
    first = await signing_kid(wired)
    clock.advance(timedelta(days=30) - timedelta(seconds=1))
    await keys.tick()
    assert await signing_kid(wired) == first

    clock.advance(timedelta(seconds=1))
    await keys.tick()
    assert await signing_kid(wired) != first
    assert await states(wired) == ["active", "retiring", "next"]

    clock.advance(TTL + 2 * MAX_AGE - timedelta(seconds=1))
    await keys.tick()
    assert "retiring" in await states(wired)

    clock.advance(timedelta(seconds=1))
    await keys.tick()
    assert sorted(await states(wired)) == ["active", "next", "retired"]


async def test_a_follower_is_not_used_before_everybody_knows_it(
    wired: Wired, keys: KeyLifecycle, client: httpx.AsyncClient, clock: SettableClock, admin: Any
) -> None:
    clock.advance(2 * MAX_AGE - timedelta(seconds=5))
    early = await client.post(ROTATE, headers=admin)
    clock.advance(timedelta(seconds=5))
    in_time = await client.post(ROTATE, headers=admin)

    assert (early.status_code, early.json()["code"]) == (409, "next-key-too-young")
    assert early.headers["retry-after"] == "5"
    assert in_time.status_code == 200
    assert sorted(key["state"] for key in in_time.json()) == ["active", "next", "retiring"]


async def test_replicas_that_rotate_at_once_rotate_once(
    busy_database: Database, clock: SettableClock
) -> None:
    replicas = [lifecycle(busy_database, clock) for _ in range(4)]
    await asyncio.gather(*(each.tick() for each in replicas))
    clock.advance(timedelta(days=31))

    await asyncio.gather(*(each.tick() for each in replicas))

    found = sorted(key.state for key in await replicas[0].list_all())
    assert found == ["active", "next", "retiring"]


async def test_a_token_signed_before_a_rotation_is_still_verified_after_it(
    wired: Wired, keys: KeyLifecycle, client: httpx.AsyncClient, clock: SettableClock, admin: Any
) -> None:
    clock.advance(2 * MAX_AGE)
    await client.post(ROTATE, headers=admin)

    assert (await client.get(KEYS, headers=admin)).status_code == 200
    assert await signing_kid(wired) != jwt.get_unverified_header(admin["authorization"][7:])["kid"]


async def test_a_revoked_key_verifies_nothing_and_another_one_signs_at_once(
    wired: Wired, keys: KeyLifecycle, client: httpx.AsyncClient, people: People, admin: Any
) -> None:
    kid = await signing_kid(wired)
    unseen = await people.headers(await people.make(Role.ADMIN, "grace"))

    answer = await client.post(f"{KEYS}/{kid}/revoke", headers=admin)

    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["revoked_at"] is None) == ("retired", False)
    assert (await client.get(KEYS, headers=unseen)).status_code == 401
    form = {"username": "admin1", "password": PASSWORD}
    token = (await client.post("/api/auth/token", data=form)).json()["access_token"]
    assert jwt.get_unverified_header(token)["kid"] != kid
    assert [fact["kid"] for fact in await wired.facts("key.revoked")] == [kid]
    assert sorted(await states(wired)) == ["active", "next", "retired"]


async def test_without_a_follower_a_new_key_is_made_for_the_revoked_one(
    wired: Wired, client: httpx.AsyncClient, admin: Any
) -> None:
    kid = await signing_kid(wired)

    assert (await client.post(f"{KEYS}/{kid}/revoke", headers=admin)).status_code == 200

    assert await signing_kid(wired) != kid


async def test_a_key_that_is_not_there_can_not_be_revoked(
    client: httpx.AsyncClient, admin: Any
) -> None:
    answer = await client.post(f"{KEYS}/nothing/revoke", headers=admin)

    assert (answer.status_code, answer.json()["code"]) == (404, "key-not-found")


@pytest.mark.parametrize(("method", "path"), [("GET", KEYS), ("POST", ROTATE)])
@pytest.mark.parametrize("role", [Role.VIEWER, Role.EDITOR])
async def test_only_admins_see_and_move_keys(
    method: str, path: str, role: Role, client: httpx.AsyncClient, people: People
) -> None:
    headers = await people.headers(await people.make(role))

    assert (await client.request(method, path, headers=headers)).status_code == 403
    assert (await client.request(method, path)).status_code == 401


async def test_the_list_never_shows_a_private_half(
    client: httpx.AsyncClient, keys: KeyLifecycle, admin: Any
) -> None:
    listed = await client.get(KEYS, headers=admin)

    assert {*listed.json()[0]} == {"kid", "state", "created_at", "state_since", "revoked_at"}


async def test_keys_are_sealed_again_so_that_an_old_sealing_key_can_go(
    wired: Wired, keys: KeyLifecycle, clock: SettableClock
) -> None:
    database = wired.runtime.database
    new = SecretStr(b64encode(b"n" * 32).decode())
    both = settings_with(secret_keys={"k1": KEY, "k2": new})
    object.__setattr__(wired.runtime, "settings", both)

    told = await rewrap(wired.runtime)
    again = await rewrap(wired.runtime)

    assert (told[0], again[0]) == ("2", "0")
    only_new = settings_with(secret_keys={"k2": new})
    assert await KeyService.configured(database, clock, only_new).sign({"sub": "1"})
    with pytest.raises(UnsealError):
        await KeyService.configured(database, clock, settings_with()).sign({"sub": "1"})
