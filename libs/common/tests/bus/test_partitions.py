"""The outbox keeps a week, in a partition a day, and never drops what has not been published."""

from datetime import date, timedelta

import asyncpg
import pytest
from libs.common.tests.bus.kit import SCHEMA, Record, Verified

from stitch_common.bus.repository import DAYS_AHEAD, Cursor, OutboxRows

ALL_PUBLISHED = Cursor(txid=2**62)


@pytest.fixture
async def connection(database_url: str) -> "asyncpg.Connection[asyncpg.Record]":
    return await asyncpg.connect(database_url, server_settings={"search_path": SCHEMA})


async def maintain(database_url: str, after: Cursor) -> None:
    async with OutboxRows.open(database_url, SCHEMA) as outbox:
        await outbox.maintain(after)


async def partitions(connection: "asyncpg.Connection[asyncpg.Record]") -> set[str]:
    rows = await connection.fetch(
        "select relname from pg_inherits join pg_class on oid = inhrelid "
        "where inhparent = 'outbox'::regclass"
    )
    return {row["relname"] for row in rows}


async def today(connection: "asyncpg.Connection[asyncpg.Record]") -> date:
    found: date = await connection.fetchval("select (now() at time zone 'utc')::date")
    return found


async def add_old_day(connection: "asyncpg.Connection[asyncpg.Record]", day: date) -> str:
    name = f"outbox_{day:%Y%m%d}"
    await connection.execute(
        f"create table {name} partition of outbox for values "
        f"from ('{day} 00:00+00') to ('{day + timedelta(days=1)} 00:00+00')"
    )
    await connection.execute(
        "insert into outbox (fact_id, subject, headers, payload, created_at) "
        "values (gen_random_uuid(), 's', '{}', '', $1::date + interval '12 hours')",
        day,
    )
    return name


async def test_the_days_to_come_have_partitions(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    for _ in range(2):
        await maintain(database_url, Cursor())

    now = await today(connection)
    expected = {f"outbox_{now + timedelta(days=n + 1):%Y%m%d}" for n in range(DAYS_AHEAD)}
    assert await partitions(connection) == expected | {"outbox_default"}
    await connection.close()


async def test_an_old_day_is_dropped_once_it_is_published(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    now = await today(connection)
    old = await add_old_day(connection, now - timedelta(days=8))
    recent = await add_old_day(connection, now - timedelta(days=7))

    await maintain(database_url, Cursor())
    while_waiting = await partitions(connection)
    await maintain(database_url, ALL_PUBLISHED)
    once_published = await partitions(connection)

    assert {old, recent} <= while_waiting
    assert old not in once_published
    assert recent in once_published
    await connection.close()


async def test_the_default_partition_is_tidied_too(
    database_url: str,
    connection: "asyncpg.Connection[asyncpg.Record]",
    record: Record,
    verified: Verified,
) -> None:
    await record(verified(1), verified(2))
    await connection.execute(
        "update outbox_default set created_at = now() - interval '8 days' where id = 1"
    )

    await maintain(database_url, ALL_PUBLISHED)

    assert [row["id"] for row in await connection.fetch("select id from outbox")] == [2]
    await connection.close()


async def test_marks_are_kept_longer_than_the_stream_keeps_facts(
    database_url: str, connection: "asyncpg.Connection[asyncpg.Record]"
) -> None:
    await connection.execute(
        "insert into inbox (consumer, fact_id, handled_at) values "
        "('auth-a', gen_random_uuid(), now() - interval '36 days'), "
        "('auth-b', gen_random_uuid(), now() - interval '31 days')"
    )

    await maintain(database_url, Cursor())

    kept = await connection.fetch("select consumer from inbox")
    assert [row["consumer"] for row in kept] == ["auth-b"]
    await connection.close()
