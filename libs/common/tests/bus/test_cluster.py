"""A cluster of three brokers: its leader may go at any moment."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import pytest
from libs.common.tests.bus.kit import SCHEMA, Record, Verified
from libs.common.tests.bus.nats_cluster import NatsCluster
from nats.errors import Error as NatsError
from sqlalchemy import text

from stitch_common.bus.connection import Bus
from stitch_common.bus.consumer import Consumer
from stitch_common.bus.inbox import Inbox, Received
from stitch_common.bus.relay import Relay
from stitch_common.bus.subscriptions import Subscriptions
from stitch_common.bus.topology import STREAM, apply
from stitch_common.contracts.auth import UserVerified
from stitch_common.database import Database
from stitch_common.testing.components import running
from stitch_common.testing.traffic import Traffic
from stitch_common.testing.waiting import PATIENCE

WRITERS, EACH = 12, 40


@pytest.fixture
def cluster(tmp_path: Path) -> Generator[NatsCluster]:
    cluster = NatsCluster(tmp_path)
    cluster.start()
    yield cluster
    cluster.end()


@pytest.fixture
async def bus(cluster: NatsCluster) -> AsyncGenerator[Bus]:
    bus = Bus(cluster.addresses, SCHEMA, replicas=3)
    await bus.connect(seconds=PATIENCE)
    await formed(bus)
    yield bus
    await bus.close()


async def formed(bus: Bus) -> None:
    """Wait until the servers have found each other and keep the streams."""
    async with asyncio.timeout(PATIENCE):
        while True:
            try:
                await apply(bus)
            except NatsError:
                await asyncio.sleep(0.2)
            else:
                return


def counting(database: Database) -> Consumer:
    consumer = Consumer("auth-test")

    @consumer.on(UserVerified)
    async def handle(fact: UserVerified, received: Received) -> None:
        async with database.transaction() as session:
            if await Inbox(session).admit(received):
                await session.execute(
                    text("insert into auth.effect values (:user_id, :version)"),
                    {"user_id": fact.user_id, "version": fact.version},
                )

    return consumer


async def leader_of(bus: Bus) -> str:
    cluster = (await bus.js.stream_info(STREAM)).cluster
    assert cluster is not None
    return str(cluster.leader)


async def test_nothing_is_lost_or_doubled_when_the_leader_is_killed_under_load(
    cluster: NatsCluster,
    bus: Bus,
    database: Database,
    database_url: str,
    record: Record,
    verified: Verified,
) -> None:
    async def write(user_id: int) -> None:
        for version in range(1, EACH + 1):
            await record(verified(user_id, version))
            await asyncio.sleep(0.02)

    async with (
        running(Relay(bus, database_url, SCHEMA)),
        running(Subscriptions(bus, [counting(database)])),
    ):
        writing = [asyncio.create_task(write(user_id)) for user_id in range(WRITERS)]
        await asyncio.sleep(0.4)
        killed = await leader_of(bus)
        cluster.kill(killed)
        await asyncio.gather(*writing)
        counted = await effects(database, WRITERS * EACH)
        led_by = await leader_of(bus)
        cluster.start(killed)

    assert led_by != killed
    assert counted == sorted((u, v) for u in range(WRITERS) for v in range(1, EACH + 1))
    in_stream = [(f.aggregate_id, f.sequence) for f in await Traffic(bus).facts()]
    assert len(in_stream) == len(set(in_stream)) == WRITERS * EACH
    for user_id in range(WRITERS):
        assert [v for u, v in in_stream if u == str(user_id)] == list(range(1, EACH + 1))


async def effects(database: Database, number: int) -> list[tuple[int, int]]:
    """Wait until so many effects are there, and give them."""
    async with asyncio.timeout(PATIENCE), database.connection() as connection:
        while True:
            rows = await connection.fetch("select user_id, version from auth.effect order by 1, 2")
            if len(rows) >= number:
                return [(row["user_id"], row["version"]) for row in rows]
            await asyncio.sleep(0.1)
