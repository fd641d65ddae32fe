"""Accounts that nobody confirms go, and their names with them, whatever was known (S46)."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
import pytest
from services.auth.tests.conftest import PASSWORD, People, Wire, Wired, settings_with
from services.auth.tests.mailbox import newest_token

from stitch_auth.pruning.service import PruningService
from stitch_common.database import Database
from stitch_common.security.principals import Role
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.waiting import until

REGISTER = "/api/auth/register"
KEPT = timedelta(days=30)
WAITS = """
select exists (
    select from pg_stat_activity
    where wait_event_type = 'Lock' and datname = current_database()
)
"""


@pytest.fixture
def pruning(wired: Wired, clock: SettableClock) -> PruningService:
    return PruningService(wired.runtime.database, clock, wired.runtime.settings, batch=2)


async def register(client: httpx.AsyncClient, username: str, email: str = "") -> int:
    body = {
        "email": email or f"{username}@example.com",
        "username": username,
        "password": PASSWORD,
    }
    return (await client.post(REGISTER, json=body)).status_code


async def names(wired: Wired) -> list[str]:
    rows = await wired.rows("select username from auth.users order by username")
    return [row["username"] for row in rows]


async def test_an_account_that_nobody_confirms_goes_and_everybody_hears_of_it(
    wired: Wired, clock: SettableClock, pruning: PruningService
) -> None:
    await register(wired.client, "nobody")
    (row,) = await wired.rows("select id from auth.users")
    clock.advance(KEPT)
    early = await pruning.prune()
    clock.advance(timedelta(seconds=1))

    assert (early, await pruning.prune()) == (0, 1)

    (fact,) = await wired.facts("user.deleted")
    assert (fact["user_id"], fact["version"]) == (row["id"], 2)
    entry = "select * from auth.audit_log where action = 'user.deleted'"
    (told,) = await wired.rows(entry)
    assert (told["actor_id"], told["subject"]) == (None, f"user:{row['id']}")
    assert told["details"] == {"reason": "unconfirmed"}
    assert await register(wired.client, "nobody") == 202
    assert await names(wired) == ["nobody"]


async def test_who_has_confirmed_or_was_invited_or_banned_stays(
    wired: Wired, clock: SettableClock, people: People, pruning: PruningService
) -> None:
    admin = await people.headers(await people.make(Role.ADMIN, "admin"))
    await register(wired.client, "confirmed")
    token = await newest_token(wired, clock, "verify-email")
    await wired.client.post("/api/auth/verify-email", json={"token": token})
    invited: dict[str, Any] = {"email": "invited@example.com", "username": "invited"}
    await wired.client.post("/api/auth/users", headers=admin, json=invited)
    await register(wired.client, "banned")
    await wired.rows("update auth.users set is_active = false where username = 'banned'")
    clock.advance(10 * KEPT)

    await pruning.prune()

    assert await names(wired) == ["admin", "banned", "confirmed", "invited"]


async def test_when_a_name_is_free_again_does_not_tell_whether_an_address_is_known(
    wired: Wired, clock: SettableClock, people: People, pruning: PruningService
) -> None:
    await people.make(username="grace")
    wanted = {"of-known": "grace@example.com", "of-unknown": "nobody@example.com"}
    first = [await register(wired.client, name, email) for name, email in wanted.items()]
    clock.advance(KEPT)
    await pruning.prune()
    before = [await register(wired.client, name, "new@example.com") for name in wanted]
    clock.advance(timedelta(seconds=1))
    await pruning.prune()

    after = [await register(wired.client, name, f"{name}@example.com") for name in wanted]

    assert (first, before, after) == ([202, 202], [409, 409], [202, 202])


async def test_of_more_than_a_batch_no_name_is_free_before_an_older_account_goes(
    wired: Wired, clock: SettableClock, people: People, pruning: PruningService
) -> None:
    await people.make(username="grace")
    for number in range(3):
        await register(wired.client, f"account{number}")
        await register(wired.client, f"name{number}", "grace@example.com")
        clock.advance(timedelta(seconds=1))
    clock.advance(KEPT)

    free = []
    for _ in range(2):
        await pruning.prune()
        taken = await wired.rows("select username_key as key from auth.wanted_names order by 1")
        free.append((await names(wired), [row["key"] for row in taken]))

    assert free == [(["account2", "grace"], ["name2"]), (["grace"], [])]


@pytest.mark.parametrize(
    ("path", "purpose", "subject", "more"),
    [
        ("verify-email", "verify-email", "", {}),
        ("password-reset/confirm", "reset-password", "", {"password": PASSWORD}),
        ("not-me", "not-me", "registration.repeated", {}),
    ],
)
async def test_who_confirms_an_account_while_it_goes_is_told_that_the_link_is_over(
    path: str,
    purpose: str,
    subject: str,
    more: dict[str, str],
    wire: Wire,
    busy_database: Database,
    clock: SettableClock,
) -> None:
    wired = await wire(busy_database, settings_with())
    await register(wired.client, "ada", "nobody@example.com")
    await register(wired.client, "eve", "nobody@example.com")
    await wired.client.post("/api/auth/password-reset", json={"email": "nobody@example.com"})
    body = {"token": await newest_token(wired, clock, purpose, subject=subject), **more}

    async with busy_database.connection() as deleting, busy_database.connection() as watching:
        async with deleting.transaction():
            await deleting.execute("delete from auth.users")
            confirming = asyncio.create_task(wired.client.post(f"/api/auth/{path}", json=body))
            await until(lambda: watching.fetchval(WAITS))
        answer = await confirming

    assert (answer.status_code, answer.json()["code"]) == (404, "invalid-link")
