"""What auth revokes is refused by the gateway and by a service behind it within 2 s (S15, S38)."""

import asyncio
from functools import partial

import pytest
from tests.security.house import House, bearer

from stitch_common.testing.waiting import promised, until

TARGETS = ("gateway", "content")
PATH = "/api/content"
PROMISED = 2.0


async def status_at(house: House, target: str, token: str) -> int:
    return (await house[target].client.get(PATH, headers=bearer(token))).status_code


async def wait_until_refused(house: House, token: str) -> None:
    """Everywhere, and as soon as promised."""
    async with promised(PROMISED):
        for target in TARGETS:
            await until(partial(is_refused, house, target, token))


async def is_refused(house: House, target: str, token: str) -> bool:
    return await status_at(house, target, token) == 401


async def works_everywhere(house: House, token: str) -> bool:
    return {await status_at(house, target, token) for target in TARGETS} == {200}


async def user_id(house: House, username: str) -> int:
    admin = bearer((await house.log_in("admin"))["access_token"])
    found = await house["gateway"].client.get("/api/auth/users?search=" + username, headers=admin)
    return int(next(user["id"] for user in found.json() if user["username"] == username))


async def administer(house: House, username: str, **change: object) -> None:
    admin = bearer((await house.log_in("admin"))["access_token"])
    path = f"/api/auth/users/{await user_id(house, username)}"
    answer = await house["gateway"].client.patch(path, json=change, headers=admin)
    assert answer.status_code == 200, answer.text


async def test_a_logout_is_in_force_everywhere_and_ends_nobody_elses_session(
    house: House,
) -> None:
    token = (await house.log_in("viewer"))["access_token"]
    other = (await house.log_in("viewer"))["access_token"]
    assert await works_everywhere(house, token)

    logout = await house["gateway"].client.post(
        "/api/auth/logout", headers={**bearer(token), "x-requested-with": "test"}
    )

    assert logout.status_code == 204
    await wait_until_refused(house, token)
    assert await works_everywhere(house, other)


async def test_a_long_import_of_somebody_else_does_not_delay_a_logout(house: House) -> None:
    token = (await house.log_in("viewer"))["access_token"]

    async with (
        house["content"].runtime.database.connection() as connection,
        connection.transaction(),
    ):
        await connection.execute("select pg_current_xact_id()")
        await house["gateway"].client.post(
            "/api/auth/logout", headers={**bearer(token), "x-requested-with": "test"}
        )
        await wait_until_refused(house, token)
        # Nor does who starts meanwhile forgive it.
        await house.restart("gateway")
        assert await status_at(house, "gateway", token) == 401


@pytest.mark.parametrize("restarted", TARGETS)
async def test_a_restart_forgives_nobody(house: House, restarted: str) -> None:
    token = (await house.log_in("viewer"))["access_token"]
    await house["gateway"].client.post(
        "/api/auth/logout", headers={**bearer(token), "x-requested-with": "test"}
    )
    await wait_until_refused(house, token)

    await house.restart(restarted)

    assert await status_at(house, restarted, token) == 401


async def test_a_change_of_role_refuses_tokens_that_tell_the_old_one(house: House) -> None:
    granted = await house.log_in("editor")

    await administer(house, "editor", role="viewer")
    await wait_until_refused(house, granted["access_token"])
    renewed = await house["gateway"].client.post(
        "/api/auth/refresh", json={"refresh_token": granted["refresh_token"]}
    )

    assert await works_everywhere(house, renewed.json()["access_token"])
    await administer(house, "editor", role="editor")


async def test_a_ban_is_in_force_everywhere_and_can_be_lifted(house: House) -> None:
    token = (await house.log_in("viewer"))["access_token"]

    await administer(house, "viewer", is_active=False)
    await wait_until_refused(house, token)
    await administer(house, "viewer", is_active=True)

    await asyncio.sleep(1)  # tokens tell their time in seconds
    assert await works_everywhere(house, (await house.log_in("viewer"))["access_token"])
