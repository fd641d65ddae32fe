"""One use case is one transaction: rows, facts and wake-up together, or nothing."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import UTC, datetime

import asyncpg
import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_common.bus.outbox import Outbox
from stitch_common.bus.tables import create_bus_tables
from stitch_common.contracts.auth import UserVerified
from stitch_common.database import Database, fetch_planned
from stitch_common.testing.databases import Databases

FACT = UserVerified(user_id=1, version=1, at=datetime(2026, 1, 1, tzinfo=UTC))


class Wakes:
    """Counts the calls of `on_commit`."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self) -> None:
        self.count += 1


async def build(dsn: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute("create schema auth")
    await connection.close()
    database = Database.connect(dsn, application_name="build")
    async with database.transaction() as session:
        on = await session.connection()
        await on.run_sync(lambda sync: create_bus_tables(sync, "auth"))
    await database.dispose()


@pytest.fixture
def wakes() -> Wakes:
    return Wakes()


@pytest.fixture
async def database(service_databases: Databases, wakes: Wakes) -> AsyncGenerator[Database]:
    async with service_databases.clone("database", build) as dsn:
        database = Database.connect(dsn, application_name="test", on_commit=wakes)
        yield database
        await database.dispose()


async def count_facts(database: Database) -> int:
    async with database.connection() as connection:
        return int(await connection.fetchval("select count(*) from auth.outbox"))


async def test_a_fact_is_committed_with_its_transaction(database: Database, wakes: Wakes) -> None:
    async with database.transaction() as session:
        Outbox(session).add(FACT)

    assert await count_facts(database) == 1
    assert wakes.count == 1


async def test_a_failed_use_case_leaves_neither_fact_nor_wake(
    database: Database, wakes: Wakes
) -> None:
    async def fail() -> None:
        async with database.transaction() as session:
            Outbox(session).add(FACT)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()

    assert await count_facts(database) == 0
    assert wakes.count == 0


async def test_a_use_case_without_facts_wakes_nobody(database: Database, wakes: Wakes) -> None:
    async with database.transaction() as session:
        await session.execute(text("select 1"))

    assert wakes.count == 0


def measured() -> float:
    return REGISTRY.get_sample_value("db_query_seconds_count") or 0


async def test_a_query_of_the_driver_is_measured(database: Database) -> None:
    before = measured()

    await count_facts(database)
    async with database.connection() as connection:
        await connection.fetchval("select 1")  # loggers are called a moment after their query

    assert measured() > before


async def test_a_query_planned_for_its_arguments_is_measured(database: Database) -> None:
    before = measured()

    async with database.connection() as connection:
        for word in ("one", "two"):
            rows = await fetch_planned(connection, "select $1::text", word)
            assert [row[0] for row in rows] == [word]

    assert measured() >= before + 2


async def test_statements_of_the_orm_are_measured(database: Database) -> None:
    before = measured()

    async with database.reading() as session:
        for _ in range(20):
            await session.execute(text("select 1"))

    assert measured() >= before + 20


async def state_of(session: AsyncSession, database: Database) -> str:
    """What the server says of this session's connection, on which nothing happens now."""
    pid = (await session.execute(text("select pg_backend_pid()"))).scalar_one()
    async with database.connection() as other:
        state = await other.fetchval("select state from pg_stat_activity where pid = $1", pid)
    return str(state)


async def test_reading_holds_no_transaction_open_that_others_would_wait_for(
    database: Database,
) -> None:
    async with database.reading() as session:
        reading = await state_of(session, database)
    async with database.transaction() as session:
        working = await state_of(session, database)

    assert (reading, working) == ("idle", "idle in transaction")


async def test_a_connection_that_the_server_closed_is_replaced(
    database: Database, postgres_admin_dsn: str
) -> None:
    async with database.connection() as connection:
        pid = connection.get_server_pid()
    admin = await asyncpg.connect(postgres_admin_dsn)
    await admin.execute("select pg_terminate_backend($1, 5000)", pid)
    await admin.close()
    await asyncio.sleep(0.1)  # the driver reads the end of the stream

    assert await count_facts(database) == 0


async def test_a_connection_that_died_while_it_rested_is_replaced(
    database: Database, service_databases: Databases, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("stitch_common.database.REST_SECONDS", 0.0)
    async with database.connection() as connection:
        first = connection.get_server_pid()
        dsn = await connection.fetchval("select current_database()")
    async with service_databases.clone("database", build) as other:
        killer = await asyncpg.connect(other)
        await killer.execute("select pg_terminate_backend($1)", first)
        await killer.close()
    await asyncio.sleep(0.1)

    async with database.transaction() as session:
        assert await session.scalar(text("select current_database()")) == dsn
