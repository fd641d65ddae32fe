"""Facts are read and published by their size too, and one that is too large holds back nobody."""

import asyncio
import json

from libs.common.tests.bus.kit import SCHEMA, InStream, Record, Relaying, Verified
from prometheus_client import REGISTRY

from stitch_common.bus.connection import Bus
from stitch_common.bus.envelope import Envelope
from stitch_common.bus.outbox import insert_sql
from stitch_common.bus.repository import MOST_BYTES, Cursor, OutboxRows, Waiting
from stitch_common.bus.topology import STREAM
from stitch_common.contracts import Fact
from stitch_common.contracts.auth import UserUpdated, UserVerified
from stitch_common.database import Database
from stitch_common.testing.clock import NOW
from stitch_common.testing.waiting import PATIENCE

LARGE = 400_000


def large(version: int) -> UserUpdated:
    return UserUpdated(
        user_id=1,
        version=version,
        at=NOW,
        email="ada@example.org",
        username="ada",
        full_name="a" * LARGE,
        changed=["full_name"],
    )


async def insert(database: Database, fact: Fact, payload: bytes) -> None:
    """Write into the outbox what it would refuse."""
    sealed = Envelope.seal(fact)
    async with database.connection() as connection:
        await connection.execute(
            insert_sql(SCHEMA),
            *([sealed.fact_id], [sealed.subject], [json.dumps(sealed.headers)], [payload]),
        )


async def test_what_is_read_at_once_fits_in_memory(record: Record, database_url: str) -> None:
    for first in range(0, 30, 10):
        await record(*(large(version) for version in range(first, first + 10)))

    read: list[Waiting] = []
    cursor = Cursor()
    async with OutboxRows.open(database_url, SCHEMA) as outbox, asyncio.timeout(PATIENCE):
        while sum(len(waiting.rows) for waiting in read) < 30:
            read.append(await outbox.waiting(cursor))
            if rows := read[-1].rows:
                cursor = Cursor(rows[-1].txid, rows[-1].id)
            else:  # somebody's transaction is open on the same server
                await asyncio.sleep(0.01)

    sizes = [sum(len(row.envelope.payload) for row in waiting.rows) for waiting in read]
    assert max(sizes) < MOST_BYTES + 2 * LARGE
    assert [w.is_full for w in read] == [size >= MOST_BYTES for size in sizes]


async def test_large_facts_are_published_in_their_order(
    record: Record, relaying: Relaying, in_stream: InStream
) -> None:
    for first in range(0, 30, 10):
        await record(*(large(version) for version in range(first, first + 10)))

    async with relaying():
        facts = await in_stream(30)

    assert [fact.sequence for fact in facts] == list(range(30))


async def test_a_fact_that_the_broker_takes_no_more_holds_back_no_other(
    database: Database,
    record: Record,
    relaying: Relaying,
    in_stream: InStream,
    verified: Verified,
    bus: Bus,
) -> None:
    """An operator may lower the limit, and an older release may have known a higher one."""
    left_out = too_large()
    await record(verified(1))
    await insert(database, verified(2), b"x" * (bus.client.max_payload + 1))
    await record(verified(3))
    await insert(database, verified(4), b"x" * (bus.client.max_payload - 10))

    async with relaying():
        facts = await in_stream(2)
        await record(verified(5))
        facts = await in_stream(3)

    assert [fact.user_id for fact in facts if isinstance(fact, UserVerified)] == [1, 3, 5]
    assert too_large() - left_out == 2
    assert (await bus.js.stream_info(STREAM)).state.messages == 3
    assert bus.epoch == 1  # it has not hung up


async def test_a_size_that_somebody_has_set_on_the_stream_holds_nothing_back(
    bus: Bus, record: Record, relaying: Relaying, in_stream: InStream, verified: Verified
) -> None:
    """The broker refuses each fact; before the next try the relay looks at its streams."""
    async with relaying():
        await record(verified(1))
        await in_stream(1)
        found = (await bus.js.stream_info(STREAM)).config
        await bus.js.update_stream(found.evolve(max_msg_size=100))
        await record(verified(2))

        facts = await in_stream(2)

    assert [fact.aggregate_id for fact in facts] == ["1", "2"]


def too_large() -> float:
    name = "stitch_outbox_too_large_total"
    return REGISTRY.get_sample_value(name, {"service": SCHEMA}) or 0
