"""Whatever a broker forgets, the outbox gives it again."""

import asyncio
import shutil
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
from libs.common.tests.bus.kit import SCHEMA, Record, Verified
from nats.errors import Error as NatsError
from sqlalchemy import text

from stitch_common.bus.connection import Bus
from stitch_common.bus.consumer import Consumer
from stitch_common.bus.inbox import Inbox, Received
from stitch_common.bus.relay import Relay
from stitch_common.bus.subscriptions import Subscriptions
from stitch_common.bus.topology import STREAM, STREAMS, apply
from stitch_common.contracts import Fact
from stitch_common.contracts.auth import UserVerified
from stitch_common.database import Database
from stitch_common.testing.traffic import Traffic
from stitch_dev.nats import EmbeddedNats
from stitch_dev.ports import find_free


@pytest.fixture
def broker(tmp_path: Path) -> Generator[EmbeddedNats]:
    """A server of the test's own, to be stopped and robbed."""
    server = EmbeddedNats(tmp_path, find_free(), fast=True)
    yield server
    server.stop()


@pytest.fixture
async def bus(broker: EmbeddedNats) -> AsyncGenerator[Bus]:
    """A connection that was begun before the broker was there."""
    bus = Bus(broker.address, SCHEMA)
    await bus.start()
    yield bus
    await bus.close()


@pytest.fixture
async def _relay(bus: Bus, database_url: str) -> AsyncGenerator[None]:
    stop = asyncio.Event()
    running = asyncio.create_task(Relay(bus, database_url, SCHEMA).run(stop))
    yield
    stop.set()
    await running


async def facts_in(bus: Bus, number: int) -> list[Fact]:
    async with asyncio.timeout(15):
        await bus.connected.wait()
        while await stored(bus) < number:  # noqa: ASYNC110 - only the broker knows
            await asyncio.sleep(0.02)
    return await Traffic(bus).facts()


async def stored(bus: Bus) -> int:
    try:
        return (await bus.js.stream_info(STREAM)).state.messages
    except NatsError:  # there is none yet, or no broker
        return 0


async def until_connected_again(bus: Bus, epoch: int) -> None:
    async with asyncio.timeout(15):
        while bus.epoch <= epoch:  # noqa: ASYNC110 - nothing tells
            await asyncio.sleep(0.02)


@pytest.mark.usefixtures("_relay")
async def test_facts_wait_while_the_broker_is_away(
    broker: EmbeddedNats, bus: Bus, record: Record, verified: Verified
) -> None:
    await record(verified(1))
    await asyncio.sleep(0.1)
    assert not bus.connected.is_set()

    broker.start()
    first = await facts_in(bus, 1)
    broker.stop()
    await record(verified(2))
    broker.start()
    await until_connected_again(bus, 1)
    second = await facts_in(bus, 2)

    assert [fact.aggregate_id for fact in first] == ["1"]
    assert [fact.aggregate_id for fact in second] == ["1", "2"]


@pytest.mark.usefixtures("_relay")
async def test_an_emptied_store_is_filled_again(
    broker: EmbeddedNats, bus: Bus, tmp_path: Path, record: Record, verified: Verified
) -> None:
    broker.start()
    await record(*(verified(user_id) for user_id in range(30)))
    await facts_in(bus, 30)

    broker.stop()
    shutil.rmtree(tmp_path / "jetstream")
    broker.start()
    await until_connected_again(bus, 1)
    await record(verified(30))

    facts = await facts_in(bus, 31)
    assert [fact.aggregate_id for fact in facts] == [str(user_id) for user_id in range(31)]
    assert {info.config.name for info in await bus.js.streams_info()} == {s.name for s in STREAMS}


@pytest.mark.usefixtures("_relay")
async def test_a_store_rolled_back_to_an_older_copy_gets_what_it_lacks(
    broker: EmbeddedNats, bus: Bus, tmp_path: Path, record: Record, verified: Verified
) -> None:
    broker.start()
    await record(*(verified(user_id) for user_id in range(10)))
    await facts_in(bus, 10)
    broker.stop()
    shutil.copytree(tmp_path / "jetstream", tmp_path / "older")
    broker.start()
    await until_connected_again(bus, 1)
    await record(*(verified(user_id) for user_id in range(10, 25)))
    await facts_in(bus, 25)

    broker.stop()
    shutil.rmtree(tmp_path / "jetstream")
    (tmp_path / "older").rename(tmp_path / "jetstream")
    broker.start()
    await until_connected_again(bus, 2)

    facts = await facts_in(bus, 25)
    assert [fact.aggregate_id for fact in facts] == [str(user_id) for user_id in range(25)]


@pytest.mark.usefixtures("_relay")
async def test_a_stream_deleted_under_a_running_relay_is_made_and_filled_again(
    broker: EmbeddedNats, bus: Bus, record: Record, verified: Verified
) -> None:
    broker.start()
    await record(*(verified(user_id) for user_id in range(12)))
    await facts_in(bus, 12)

    await bus.js.delete_stream(STREAM)
    await record(verified(12))

    facts = await facts_in(bus, 13)
    assert [fact.aggregate_id for fact in facts] == [str(user_id) for user_id in range(13)]


@pytest.mark.usefixtures("_relay")
async def test_a_stream_deleted_while_nothing_happens_is_made_and_filled_again(
    broker: EmbeddedNats, bus: Bus, record: Record, verified: Verified
) -> None:
    broker.start()
    await record(*(verified(user_id) for user_id in range(12)))
    await facts_in(bus, 12)

    await bus.js.delete_stream(STREAM)

    facts = await facts_in(bus, 12)
    assert [fact.aggregate_id for fact in facts] == [str(user_id) for user_id in range(12)]


@pytest.mark.usefixtures("_relay")
@pytest.mark.parametrize("others", [2, 40], ids=["and is shorter", "and is longer"])
async def test_a_stream_that_another_service_has_made_again_gets_what_it_lacks(
    broker: EmbeddedNats, bus: Bus, record: Record, verified: Verified, others: int
) -> None:
    """No connection is lost, and sequences tell nothing once somebody else has filled it."""
    broker.start()
    await record(*(verified(user_id) for user_id in range(12)))
    await facts_in(bus, 12)

    await bus.js.delete_stream(STREAM)
    await apply(bus)
    for _ in range(others):
        await bus.js.publish("stitch.ai.test.done.v1", b"")
    await record(verified(12))

    async with asyncio.timeout(15):
        while await stored(bus) < 13 + others:  # noqa: ASYNC110 - only the broker knows
            await asyncio.sleep(0.02)
    subjects = (await bus.js.stream_info(STREAM, "stitch.auth.>")).state.subjects
    assert subjects == {UserVerified.subject: 13}


@pytest.mark.usefixtures("_relay")
async def test_effects_happen_once_though_the_broker_forgets_everything(
    broker: EmbeddedNats,
    bus: Bus,
    tmp_path: Path,
    record: Record,
    database: Database,
    verified: Verified,
) -> None:
    consumer = Consumer("auth-test")

    @consumer.on(UserVerified)
    async def handle(fact: UserVerified, received: Received) -> None:
        async with database.transaction() as session:
            if await Inbox(session).admit(received):
                await session.execute(
                    text("insert into auth.effect values (:user_id, 1)"), {"user_id": fact.user_id}
                )

    stop = asyncio.Event()
    running = asyncio.create_task(Subscriptions(bus, [consumer]).run(stop))
    broker.start()
    await record(*(verified(user_id) for user_id in range(20)))
    await effects(database, 20)
    broker.stop()
    shutil.rmtree(tmp_path / "jetstream")
    await record(*(verified(user_id) for user_id in range(20, 30)))
    broker.start()
    found = await effects(database, 30)
    async with asyncio.timeout(15):
        while (await bus.js.consumer_info(STREAM, consumer.name)).num_pending:  # noqa: ASYNC110
            await asyncio.sleep(0.02)
    stop.set()
    await running

    assert found == list(range(30))
    assert await effects(database, 30) == list(range(30))


async def effects(database: Database, number: int) -> list[int]:
    """Wait until so many effects are there, and give them."""
    async with asyncio.timeout(20), database.connection() as connection:
        while True:
            rows = await connection.fetch("select user_id from auth.effect order by user_id")
            if len(rows) >= number:
                return [row["user_id"] for row in rows]
            await asyncio.sleep(0.02)
