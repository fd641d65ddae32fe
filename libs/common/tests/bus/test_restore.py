"""A database restored from a dump into another cluster, where transactions count from below."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from pathlib import Path

import asyncpg
import pytest
from libs.common.tests.bus.kit import SCHEMA, InStream, Relaying, Verified, build_bus_schema
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from stitch_common.bus.connection import Bus
from stitch_common.bus.outbox import Outbox
from stitch_common.bus.relay import Relay
from stitch_common.bus.repository import OutboxRows
from stitch_common.contracts import Fact
from stitch_common.database import Database
from stitch_dev.binaries import postgres_installation
from stitch_dev.postgres import EmbeddedPostgres

TOOLS = postgres_installation(None) / "bin"
BURN = "do $$ begin for n in 1..%d loop perform pg_current_xact_id(); commit; end loop; end $$"
OLD = 20_000
"""How many transactions the cluster that was lost has counted."""


class Cluster:
    """A PostgreSQL of the test's own."""

    def __init__(self, folder: Path) -> None:
        self.server = EmbeddedPostgres(folder, fast=True)
        self.server.start()

    @property
    def dsn(self) -> str:
        return self.server.dsn

    async def burn(self, transactions: int) -> None:
        connection = await asyncpg.connect(self.dsn)
        await connection.execute(BURN % transactions)
        await connection.close()

    async def restore(self, lost: "Cluster", dump: Path) -> None:
        """Do as an operator does: `pg_dump`, and `pg_restore` somewhere else."""
        commands: list[list[str | Path]] = [
            [TOOLS / "pg_dump", "-Fc", "-f", dump, lost.dsn],
            [TOOLS / "pg_restore", "--exit-on-error", "-d", self.dsn, dump],
        ]
        for command in commands:
            child = await asyncio.create_subprocess_exec(*command)
            assert await child.wait() == 0

    async def record(self, *facts: Fact) -> None:
        database = Database.connect(self.dsn, application_name="test")
        for fact in facts:
            async with database.transaction() as session:
                Outbox(session).add(fact)
        await database.dispose()


@pytest.fixture
async def lost(tmp_path: Path) -> AsyncGenerator[Cluster]:
    """A cluster that has counted far."""
    cluster = Cluster(tmp_path / "lost")
    await build_bus_schema(cluster.dsn)
    await cluster.burn(OLD)
    yield cluster
    cluster.server.remove()


@pytest.fixture
def new(tmp_path: Path) -> Generator[Cluster]:
    cluster = Cluster(tmp_path / "new")
    yield cluster
    cluster.server.remove()


async def relayed(bus: Bus, cluster: Cluster) -> None:
    """Run a relay until it has published what is committed."""
    stop = asyncio.Event()
    running = asyncio.create_task(Relay(bus, cluster.dsn, SCHEMA).run(stop))
    await asyncio.sleep(0.2)
    stop.set()
    await running


async def test_facts_of_before_and_after_a_restore_reach_the_stream_once(
    bus: Bus, lost: Cluster, new: Cluster, in_stream: InStream, verified: Verified, tmp_path: Path
) -> None:
    await lost.record(*(verified(1, version) for version in range(10)))
    await relayed(bus, lost)
    await lost.record(*(verified(1, version) for version in range(10, 15)))  # it dies before these
    await new.restore(lost, tmp_path / "dump")
    await new.record(*(verified(1, version) for version in range(15, 20)))
    before = restores()

    with capture_logs() as logs:
        await relayed(bus, new)
    await new.record(verified(1, 20))
    await relayed(bus, new)

    assert [fact.sequence for fact in await in_stream(21)] == list(range(21))
    assert restores() == before + 1
    assert [log["service"] for log in logs if log["event"] == "outbox_was_restored"] == [SCHEMA]


async def test_a_restore_is_noticed_though_the_new_cluster_has_counted_past_the_cursor(
    bus: Bus, lost: Cluster, new: Cluster, in_stream: InStream, verified: Verified, tmp_path: Path
) -> None:
    await lost.record(verified(1, 0))
    await relayed(bus, lost)
    await lost.record(verified(1, 1))
    await new.restore(lost, tmp_path / "dump")
    await new.record(verified(1, 2))
    await new.burn(OLD + 1000)
    await new.record(verified(1, 3))

    await relayed(bus, new)

    assert sorted(fact.sequence for fact in await in_stream(4)) == [0, 1, 2, 3]


async def test_an_outbox_that_nothing_has_passed_is_restored_too(
    bus: Bus, lost: Cluster, new: Cluster, in_stream: InStream, verified: Verified, tmp_path: Path
) -> None:
    await lost.record(verified(1, 0), verified(1, 1))
    await new.restore(lost, tmp_path / "dump")

    await relayed(bus, new)

    assert [fact.sequence for fact in await in_stream(2)] == [0, 1]


async def test_days_go_on_after_a_restore_and_no_waiting_one_is_dropped(
    lost: Cluster, new: Cluster, verified: Verified, tmp_path: Path
) -> None:
    """The dump is eight days old, and what waited in it still does."""
    await lost.record(verified(1, 0))
    connection = await asyncpg.connect(lost.dsn)
    await connection.execute("update auth.outbox set created_at = now() - interval '8 days'")
    await connection.close()
    await new.restore(lost, tmp_path / "dump")

    async with OutboxRows.open(new.dsn, SCHEMA) as outbox:
        assert await outbox.mend_order()
        cursor = await outbox.cursor()
        for _ in range(2):
            await outbox.maintain(cursor)
        waiting = await outbox.waiting(cursor)

    assert len(waiting.rows) == 1
    await new.record(verified(1, 1))


async def test_an_ordinary_start_of_a_relay_mends_nothing(
    database_url: str, relaying: Relaying, in_stream: InStream, verified: Verified
) -> None:
    before = restores()
    database = Database.connect(database_url, application_name="test")
    for version in range(3):
        async with database.transaction() as session:
            Outbox(session).add(verified(1, version))
        async with relaying():
            await in_stream(version + 1)
    await database.dispose()

    assert restores() == before


def restores() -> float:
    return REGISTRY.get_sample_value("stitch_outbox_restores_total", {"service": SCHEMA}) or 0
