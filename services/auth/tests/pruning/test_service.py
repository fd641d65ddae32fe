"""Old rows go in batches, whoever else deletes; young ones stay."""

import asyncio
from datetime import timedelta

import pytest
from services.auth.tests.conftest import PASSWORD, People, Wire, Wired, settings_with
from services.auth.tests.mailbox import newest_token

from stitch_auth.pruning.service import PruningService
from stitch_common.database import Database
from stitch_common.testing.clock import SettableClock

TABLES = ("sessions", "password_resets", "email_verifications", "notices")


@pytest.fixture
def pruning(wired: Wired, clock: SettableClock) -> PruningService:
    return PruningService(wired.runtime.database, clock, wired.runtime.settings, batch=2)


async def live_a_little(wired: Wired, clock: SettableClock) -> None:
    """Leave a row in every table."""
    people = People(wired)
    ada = await people.make(username="ada")
    headers = await people.headers(ada)
    await wired.client.post("/api/auth/me/email", headers=headers, json=EMAIL)
    await wired.client.post("/api/auth/password-reset", json={"email": ada.email})
    token = await newest_token(wired, clock, "reset-password")
    body = {"token": token, "password": "orchid-tractor-lagoon-17"}
    await wired.client.post("/api/auth/password-reset/confirm", json=body)


EMAIL = {"email": "countess@example.org", "password": PASSWORD}


async def count(wired: Wired, table: str) -> int:
    (row,) = await wired.rows(f"select count(*) from auth.{table}")  # noqa: S608 - a name of ours
    return int(row["count"])


async def test_what_is_young_stays(
    wired: Wired, clock: SettableClock, pruning: PruningService
) -> None:
    await live_a_little(wired, clock)
    clock.advance(timedelta(days=29))

    assert await pruning.prune() == 0


async def test_what_is_old_goes_and_the_people_stay(
    wired: Wired, clock: SettableClock, pruning: PruningService
) -> None:
    await live_a_little(wired, clock)
    assert all([await count(wired, table) for table in TABLES])
    clock.advance(timedelta(days=91))

    await pruning.prune()

    assert [await count(wired, table) for table in TABLES] == [0, 0, 0, 0]
    assert await count(wired, "audit_log") > 0
    assert await count(wired, "users") == 1


async def test_a_session_that_nobody_ended_goes_after_its_last_possible_use(
    wired: Wired, clock: SettableClock, people: People, pruning: PruningService
) -> None:
    await people.headers(await people.make(username="ada"))
    clock.advance(timedelta(days=179))
    await pruning.prune()
    before = await count(wired, "sessions")
    clock.advance(timedelta(days=2))

    await pruning.prune()

    assert (before, await count(wired, "sessions")) == (1, 0)


async def test_the_audit_log_is_kept_for_a_year(
    wired: Wired, clock: SettableClock, people: People, pruning: PruningService
) -> None:
    await people.headers(await people.make(username="ada"))
    clock.advance(timedelta(days=364))
    await pruning.prune()
    before = await count(wired, "audit_log")
    clock.advance(timedelta(days=2))

    await pruning.prune()

    assert (before, await count(wired, "audit_log")) == (2, 0)


async def test_workers_share_what_is_to_do(
    wire: Wire, busy_database: Database, clock: SettableClock
) -> None:
    wired = await wire(busy_database, settings_with())
    await wired.rows(
        "insert into auth.audit_log (at, action, result, details)"
        " select $1, 'login', 'success', '{}' from generate_series(1, 100)",
        clock() - timedelta(days=400),
    )
    workers = [
        PruningService(busy_database, clock, wired.runtime.settings, batch=7) for _ in range(4)
    ]

    deleted = await asyncio.gather(*(worker.prune() for worker in workers))

    assert sum(deleted) == 100
    assert await count(wired, "audit_log") == 0
