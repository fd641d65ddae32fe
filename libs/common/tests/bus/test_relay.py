"""Every committed fact reaches the stream once, in the order of the commits."""

import asyncio
import random
import time
from collections import defaultdict
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import asyncpg
from libs.common.tests.bus.kit import (
    SCHEMA,
    InStream,
    Record,
    Relaying,
    Verified,
    build_bus_schema,
)
from prometheus_client import REGISTRY
from sqlalchemy import make_url, text

from stitch_common.bus.connection import Bus
from stitch_common.bus.outbox import Outbox
from stitch_common.bus.relay import POLL_SECONDS, Relay
from stitch_common.bus.topology import STREAM
from stitch_common.contracts import Fact
from stitch_common.contracts.auth import UserVerified
from stitch_common.database import Database
from stitch_common.testing.databases import Databases
from stitch_common.testing.waiting import promised, until

WRITERS, FACTS_EACH = 12, 40


def versions(facts: list[Fact]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    for fact in facts:
        assert isinstance(fact, UserVerified)
        found[fact.user_id].append(fact.version)
    return found


async def test_nothing_is_skipped_while_twelve_writers_commit(
    database: Database, relaying: Relaying, in_stream: InStream, verified: Verified
) -> None:
    dice = random.Random(7)  # noqa: S311 - moments, not secrets

    async def write(user_id: int) -> None:
        for version in range(FACTS_EACH):
            async with database.transaction() as session:
                await session.execute(text("select pg_current_xact_id()"))  # it takes its place
                await asyncio.sleep(dice.uniform(0, 0.020))
                Outbox(session).add(verified(user_id, version))

    async with relaying():
        async with asyncio.TaskGroup() as writers:
            for user_id in range(WRITERS):
                writers.create_task(write(user_id))
        found = versions(await in_stream(WRITERS * FACTS_EACH))

    assert found == {user_id: list(range(FACTS_EACH)) for user_id in range(WRITERS)}


async def test_a_fact_does_not_wait_for_the_poll(
    record: Record, relaying: Relaying, in_stream: InStream, verified: Verified
) -> None:
    async with relaying():
        await record(verified(1))
        await in_stream(1)
        async with promised(6 * POLL_SECONDS):  # half of what twelve polls would take
            for version in range(2, 14):
                await record(verified(1, version))
                await in_stream(version)


async def test_what_a_passing_transaction_holds_back_is_published_before_the_end(
    database: Database, record: Record, relaying: Relaying, in_stream: InStream, verified: Verified
) -> None:
    async def hold_back(until: asyncio.Event) -> None:
        async with database.transaction() as session:
            await session.execute(text("select pg_current_xact_id()"))
            await until.wait()

    is_ending = asyncio.Event()
    async with asyncio.TaskGroup() as others:
        others.create_task(hold_back(is_ending))
        await asyncio.sleep(0.1)
        async with relaying():
            await record(verified(1))
            asyncio.get_running_loop().call_later(0.1, is_ending.set)

    assert len(await in_stream(1)) == 1


async def test_a_fact_behind_an_open_transaction_waits_and_is_not_lost(
    database: Database,
    record: Record,
    relaying: Relaying,
    in_stream: InStream,
    verified: Verified,
    bus: Bus,
) -> None:
    async with relaying():
        async with database.transaction() as session:
            await session.execute(text("select pg_current_xact_id()"))
            await record(verified(1))
            await asyncio.sleep(0.2)
            waiting = (await bus.js.stream_info(STREAM)).state.messages
            Outbox(session).add(verified(2))
        facts = await in_stream(2)

    assert waiting == 0
    assert [fact.aggregate_id for fact in facts] == ["2", "1"]  # the order of the transactions


@asynccontextmanager
async def somebody_writing(dsn: str) -> AsyncGenerator[None]:
    """A transaction that stays open meanwhile."""
    connection = await asyncpg.connect(dsn)
    async with connection.transaction():
        await connection.execute("select pg_current_xact_id()")
        yield
    await connection.close()


async def test_a_long_transaction_in_another_database_holds_nothing_back(
    record: Record,
    relaying: Relaying,
    in_stream: InStream,
    verified: Verified,
    service_databases: Databases,
) -> None:
    async with (
        service_databases.clone("bus", build_bus_schema) as elsewhere,
        somebody_writing(elsewhere),
        relaying(),
    ):
        await record(verified(1))
        assert len(await in_stream(1)) == 1


async def test_a_long_transaction_of_a_role_that_cannot_write_here_holds_nothing_back(
    record: Record,
    relaying: Relaying,
    in_stream: InStream,
    verified: Verified,
    database_url: str,
) -> None:
    role = f"stranger_{time.monotonic_ns()}"
    connection = await asyncpg.connect(database_url)
    await connection.execute(f"create role {role} login password 'secret'")
    stranger = make_url(database_url).set(username=role, password="secret")

    async with (
        somebody_writing(stranger.render_as_string(hide_password=False)),
        relaying(),
    ):
        await record(verified(1))
        assert len(await in_stream(1)) == 1

    await connection.execute(f"drop role {role}")
    await connection.close()


async def test_a_relay_that_is_cut_off_at_any_moment_repeats_and_loses_nothing(
    record: Record,
    bus: Bus,
    database_url: str,
    relaying: Relaying,
    in_stream: InStream,
    verified: Verified,
) -> None:
    dice = random.Random(3)  # noqa: S311 - moments, not secrets
    await record(*(verified(1, version) for version in range(6000)))

    for _ in range(12):
        running = asyncio.create_task(Relay(bus, database_url, SCHEMA).run(asyncio.Event()))
        await asyncio.sleep(dice.uniform(0.01, 0.08))
        running.cancel()
        await asyncio.wait([running])
    async with relaying():
        pass

    state = (await bus.js.stream_info(STREAM)).state
    assert state.messages == 6000
    assert versions((await in_stream(6000))[::97])[1] == list(range(0, 6000, 97))


async def test_what_was_published_before_the_cursor_was_stored_is_not_repeated(
    record: Record,
    database: Database,
    relaying: Relaying,
    in_stream: InStream,
    verified: Verified,
) -> None:
    async with relaying():
        await record(*(verified(1, version) for version in range(20)))
        await in_stream(20)
    async with database.connection() as connection:
        await connection.execute(
            "update auth.outbox_cursor set txid = '0', id = 0, stream_sequence = 0, fact_id = null"
        )

    async with relaying():
        await record(*(verified(1, version) for version in range(20, 40)))
        # Whoever stands by until the first relay's lock is free may be stopped before it leads.
        found = await in_stream(40)

    assert versions(found) == {1: list(range(40))}


async def test_another_relay_takes_over_when_the_active_one_loses_its_connection(
    record: Record,
    database: Database,
    relaying: Relaying,
    in_stream: InStream,
    verified: Verified,
) -> None:
    async with relaying(), relaying():
        await record(verified(1))
        await in_stream(1)
        async with database.connection() as connection:
            await connection.execute(
                """
                select pg_terminate_backend(pid) from pg_locks
                where locktype = 'advisory' and granted
                  and database = (select oid from pg_database where datname = current_database())
                """
            )
        await record(verified(2))
        facts = await in_stream(2)

    assert [fact.aggregate_id for fact in facts] == ["1", "2"]


async def test_only_one_relay_of_a_schema_is_active(
    database_url: str, relaying: Relaying, record: Record, in_stream: InStream, verified: Verified
) -> None:
    async with relaying(), relaying(), relaying():
        await record(verified(1))
        await in_stream(1)
        connection = await asyncpg.connect(database_url)
        held = await connection.fetchval(
            """
            select count(*) from pg_locks where locktype = 'advisory' and granted
              and database = (select oid from pg_database where datname = current_database())
            """
        )
        await connection.close()

    assert held == 1


async def test_a_stopping_relay_takes_along_what_is_committed(
    record: Record, bus: Bus, database_url: str, in_stream: InStream, verified: Verified
) -> None:
    await record(*(verified(1, version) for version in range(2500)))
    stop = asyncio.Event()
    running = asyncio.create_task(Relay(bus, database_url, SCHEMA).run(stop))
    while not (await bus.js.stream_info(STREAM)).state.messages:  # noqa: ASYNC110
        await asyncio.sleep(0.002)
    stop.set()
    await running

    assert (await bus.js.stream_info(STREAM)).state.messages == 2500


async def test_only_the_active_relay_tells_how_much_waits(
    record: Record, relaying: Relaying, verified: Verified
) -> None:
    await record(verified(1))
    async with relaying():
        await until(lambda: waiting() is not None)
        told = waiting()

    assert told == 0
    assert waiting() is None


def waiting() -> float | None:
    return REGISTRY.get_sample_value("stitch_outbox_pending", {"service": SCHEMA})
