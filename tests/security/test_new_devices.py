"""A log-in from where its owner never was is told to the owner, by way of the real bus."""

import asyncio

from tests.security.house import PASSWORD, House

from stitch_common.testing.waiting import until

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
STRANGER = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36"


async def log_in(house: House, address: str, program: str) -> None:
    answer = await house["auth"].client.post(
        "/api/auth/token",
        data={"username": "editor", "password": PASSWORD},
        headers={"x-forwarded-for": address, "user-agent": program},
    )
    assert answer.status_code == 200, answer.text


async def devices_told(house: House) -> list[str]:
    async with house["auth"].runtime.database.connection() as connection:
        rows = await connection.fetch(
            "select convert_from(payload, 'utf8')::jsonb ->> 'device' as device from auth.outbox"
            " where subject = 'stitch.auth.security_notice.requested.v1'"
            " and convert_from(payload, 'utf8')::jsonb ->> 'about' = 'new-device' order by id"
        )
    return [row["device"] for row in rows]


async def test_the_owner_is_told_of_a_new_device_once(house: House) -> None:
    await log_in(house, "203.0.113.7", FIREFOX)
    before = len(await devices_told(house))
    await log_in(house, "198.51.100.9", STRANGER)
    await log_in(house, "198.51.100.9", STRANGER)
    await log_in(house, "203.0.113.7", FIREFOX)

    async def is_told() -> bool:
        return len(await devices_told(house)) > before

    await until(is_told)
    await asyncio.sleep(0.5)

    told = (await devices_told(house))[before:]
    assert told.count("Chrome on Windows") == 1
