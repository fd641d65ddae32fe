"""Whatever a broker forgets, the outbox gives it again."""

import asyncio
import shutil
from collections.abc import AsyncGenerator
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
from stitch_common.testing.broker import OwnBroker
from stitch_common.testing.components import running
from stitch_common.testing.traffic import Traffic
from stitch_common.testing.waiting import PATIENCE, until


@pytest.fixture
def broker(broker: OwnBroker) -> OwnBroker:
    """The test starts it when it is time."""
    broker.stop()
    return broker


@pytest.fixture
async def bus(broker: OwnBroker) -> AsyncGenerator[Bus]:
    """A connection that was begun before the broker was there."""
    bus = Bus(broker.address, SCHEMA)
    await bus.start()
    yield bus
    await bus.close()


@pytest.fixture
async def _relay(bus: Bus, database_url: str) -> AsyncGenerator[None]:
    async with running(Relay(bus, database_url, SCHEMA)):
        yield


@pytest.fixture
async def filled(
    _relay: None, broker: OwnBroker, bus: Bus, record: Record, verified: Verified
) -> Bus:
    """A relay has put twelve facts into the stream."""
    broker.start()
    await record(*(verified(user_id) for user_id in range(12)))
    await facts_in(bus, 12)
    return bus


async def facts_in(bus: Bus, number: int) -> list[Fact]:
    await until_stored(bus, number)
    return await Traffic(bus).facts()


async def until_stored(bus: Bus, number: int) -> None:
    async def are_stored() -> bool:
        return bus.connected.is_set() and await stored(bus) >= number

    await until(are_stored)


async def stored(bus: Bus) -> int:
    try:
        return (await bus.js.stream_info(STREAM)).state.messages
    except NatsError:  # there is none yet, or no broker
        return 0


async def until_connected_again(bus: Bus, epoch: int) -> None:
    await until(lambda: bus.epoch > epoch)


@pytest.mark.usefixtures("_relay")
async def test_facts_wait_while_the_broker_is_away(
    broker: OwnBroker, bus: Bus, record: Record, verified: Verified
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
    broker: OwnBroker, bus: Bus, tmp_path: Path, record: Record, verified: Verified
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
    broker: OwnBroker, bus: Bus, tmp_path: Path, record: Record, verified: Verified
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


async def test_a_stream_deleted_under_a_running_relay_is_made_and_filled_again(
    filled: Bus, record: Record, verified: Verified
) -> None:
    await filled.js.delete_stream(STREAM)
    await record(verified(12))

    facts = await facts_in(filled, 13)
    assert [fact.aggregate_id for fact in facts] == [str(user_id) for user_id in range(13)]


async def test_a_stream_deleted_while_nothing_happens_is_made_and_filled_again(
    filled: Bus,
) -> None:
    await filled.js.delete_stream(STREAM)

    facts = await facts_in(filled, 12)
    assert [fact.aggregate_id for fact in facts] == [str(user_id) for user_id in range(12)]


@pytest.mark.parametrize("others", [2, 40], ids=["and is shorter", "and is longer"])
async def test_a_stream_that_another_service_has_made_again_gets_what_it_lacks(
    filled: Bus, record: Record, verified: Verified, others: int
) -> None:
    """No connection is lost, and sequences tell nothing once somebody else has filled it."""
    await filled.js.delete_stream(STREAM)
    await apply(filled)
    for _ in range(others):
        await filled.js.publish("stitch.ai.test.done.v1", b"")
    await record(verified(12))

    await until_stored(filled, 13 + others)
    subjects = (await filled.js.stream_info(STREAM, "stitch.auth.>")).state.subjects
    assert subjects == {UserVerified.subject: 13}


@pytest.mark.usefixtures("_relay")
async def test_effects_happen_once_though_the_broker_forgets_everything(
    broker: OwnBroker,
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

    broker.start()
    async with running(Subscriptions(bus, [consumer])):
        await record(*(verified(user_id) for user_id in range(20)))
        await effects(database, 20)
        broker.stop()
        shutil.rmtree(tmp_path / "jetstream")
        await record(*(verified(user_id) for user_id in range(20, 30)))
        broker.start()
        found = await effects(database, 30)
        await Traffic(bus).settled(consumer)

    assert found == list(range(30))
    assert await effects(database, 30) == list(range(30))


async def effects(database: Database, number: int) -> list[int]:
    """Wait until so many effects are there, and give them."""
    async with asyncio.timeout(PATIENCE), database.connection() as connection:
        while True:
            rows = await connection.fetch("select user_id from auth.effect order by user_id")
            if len(rows) >= number:
                return [row["user_id"] for row in rows]
            await asyncio.sleep(0.02)
