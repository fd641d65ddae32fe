"""Signing keys follow each other under load, and a revoked one is refused everywhere (S31, S35)."""

import asyncio
from functools import partial

import jwt
from tests.security.house import SERVICES, House, bearer

from stitch_auth.keys.service import KeyLifecycle
from stitch_common.testing.waiting import promised, until

TARGETS = {
    "auth": "/api/auth/me",
    "content": "/api/content",
    "gateway": "/api/events",
    "events": "/api/events",
}
PROMISED = 2.0


def kid_of(token: str) -> str:
    return str(jwt.get_unverified_header(token)["kid"])


async def status_at(house: House, target: str, token: str) -> int:
    answer = await house[target].client.get(TARGETS[target], headers=bearer(token))
    return answer.status_code


async def is_refused(house: House, target: str, token: str) -> bool:
    return await status_at(house, target, token) == 401


async def prepare_follower(house: House) -> None:
    """Publish the next key for as long as it must be before it signs."""
    runtime = house["auth"].runtime
    await KeyLifecycle(runtime.database, runtime.clock, runtime.settings).tick()
    await asyncio.sleep(2 * runtime.settings.jwks_max_age.total_seconds())


async def rotate(house: House) -> None:
    admin = bearer((await house.log_in("admin"))["access_token"])
    answer = await house["gateway"].client.post("/api/auth/keys/rotate", headers=admin)
    assert answer.status_code == 200, answer.text


async def test_a_rotation_under_load_refuses_nobody(house: House) -> None:
    await prepare_follower(house)
    tokens = [(await house.log_in("viewer"))["access_token"]]
    seen: list[int] = []
    is_over = asyncio.Event()

    async def use(target: str) -> None:
        while not is_over.is_set():
            seen.extend([await status_at(house, target, token) for token in tokens[-2:]])

    async def log_in() -> None:
        while not is_over.is_set():
            tokens.append((await house.log_in("viewer"))["access_token"])

    load = [asyncio.create_task(use(target)) for target in TARGETS]
    load.append(asyncio.create_task(log_in()))
    await asyncio.sleep(0.5)
    await rotate(house)
    await asyncio.sleep(1)
    is_over.set()
    await asyncio.gather(*load)

    assert len({kid_of(token) for token in tokens}) == 2
    assert set(seen) == {200}


async def test_a_revoked_key_is_refused_everywhere_also_after_a_restart(house: House) -> None:
    await prepare_follower(house)
    admin = (await house.log_in("admin"))["access_token"]
    token = (await house.log_in("viewer"))["access_token"]

    answer = await house["auth"].client.post(
        f"/api/auth/keys/{kid_of(token)}/revoke", headers=bearer(admin)
    )

    assert answer.status_code == 200, answer.text
    async with promised(PROMISED):
        for target in TARGETS:
            await until(partial(is_refused, house, target, token))
    await house.restart("gateway")
    assert await status_at(house, "gateway", token) == 401
    fresh = (await house.log_in("viewer"))["access_token"]
    assert {await status_at(house, target, fresh) for target in TARGETS} == {200}
    assert set(TARGETS) <= set(SERVICES)
