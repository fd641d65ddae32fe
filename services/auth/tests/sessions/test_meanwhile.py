"""What changes while a password is being checked counts (S16)."""

import asyncio

from services.auth.tests.conftest import PASSWORD, People, Wire, settings_with

from stitch_common.database import Database
from stitch_common.testing.waiting import until

CHANGE = "update auth.users set password_hash = 'another' where id = $1"
WAITS = """
select exists (
    select from pg_stat_activity
    where wait_event_type = 'Lock' and datname = current_database()
)
"""


async def test_a_password_that_is_changed_meanwhile_is_none(
    wire: Wire, busy_database: Database
) -> None:
    wired = await wire(busy_database, settings_with())
    ada = await People(wired).make(username="ada")
    form = {"username": "ada", "password": PASSWORD}

    async with busy_database.connection() as changing, busy_database.connection() as watching:
        async with changing.transaction():
            await changing.execute(CHANGE, ada.id)
            log_in = asyncio.create_task(wired.client.post("/api/auth/token", data=form))
            await until(lambda: watching.fetchval(WAITS))
        answer = await log_in

    assert (answer.status_code, answer.json()["code"]) == (401, "invalid-credentials")
