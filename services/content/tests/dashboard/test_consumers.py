"""The dashboard's consumer on a real broker."""

from collections.abc import AsyncGenerator, Sequence

import pytest
from services.content.tests.dashboard.history import HISTORY, STATS
from services.content.tests.factories import content_created, content_told

from stitch_common.bus.connection import Bus
from stitch_common.bus.inbox import Received
from stitch_common.bus.relay import Relay
from stitch_common.bus.topology import STREAM
from stitch_common.contracts.content import ContentTrashed
from stitch_common.database import Database
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.components import running
from stitch_common.testing.databases import Databases
from stitch_common.testing.traffic import Traffic, clean_bus
from stitch_common.testing.waiting import until
from stitch_content.content.schemas import ContentCreate
from stitch_content.content.service import ContentService
from stitch_content.dashboard.consumers import NAME, dashboard_consumer
from stitch_content.dashboard.rules import Sighting
from stitch_content.dashboard.service import DashboardService


@pytest.fixture
async def dsn(service_databases: Databases) -> AsyncGenerator[str]:
    async with service_databases.fresh("stitch_content") as dsn:
        yield dsn


@pytest.fixture
async def bus(nats_url: str) -> AsyncGenerator[Bus]:
    async with clean_bus(nats_url, "content") as bus:
        yield bus


@pytest.fixture
def traffic(bus: Bus) -> Traffic:
    return Traffic(bus)


@pytest.fixture
async def stored(dsn: str, bus: Bus) -> AsyncGenerator[Database]:
    database = Database.connect(dsn, application_name="test", on_commit=bus.wake)
    yield database
    await database.dispose()


@pytest.fixture
def dashboard(stored: Database, clock: SettableClock) -> DashboardService:
    return DashboardService(stored, clock)


async def counts(dashboard: DashboardService) -> dict[str, int]:
    return (await dashboard.stats()).model_dump(exclude={"recent_activity"})


async def test_facts_of_all_services_are_counted(
    dashboard: DashboardService, traffic: Traffic
) -> None:
    await traffic.publish(*HISTORY)

    await traffic.handle_all(dashboard_consumer(dashboard))

    assert await counts(dashboard) == STATS


async def test_a_repeated_fact_counts_once(dashboard: DashboardService, traffic: Traffic) -> None:
    await traffic.publish(content_created(1))
    await traffic.handle_all(dashboard_consumer(dashboard))
    await traffic.publish(ContentTrashed(**content_told(1, 2, status="trashed")))
    await traffic.handle_all(dashboard_consumer(dashboard))
    await traffic.bus.js.delete_consumer(STREAM, NAME)

    await traffic.handle_all(dashboard_consumer(dashboard))

    assert (await counts(dashboard))["total_content"] == 0
    assert len((await dashboard.stats()).recent_activity) == 2


async def test_an_older_fact_that_comes_later_changes_nothing(
    dashboard: DashboardService, traffic: Traffic
) -> None:
    await traffic.publish(ContentTrashed(**content_told(1, 2, status="trashed")))
    await traffic.publish(content_created(1))

    await traffic.handle_all(dashboard_consumer(dashboard))

    assert (await counts(dashboard))["total_content"] == 0


async def test_replaying_the_stream_rebuilds_the_picture(
    dashboard: DashboardService, stored: Database, traffic: Traffic
) -> None:
    await traffic.publish(*HISTORY)
    await traffic.handle_all(dashboard_consumer(dashboard))
    before = await dashboard.stats()
    async with stored.connection() as connection:
        await connection.execute("truncate content.dashboard_known, content.dashboard_activity")
        await connection.execute("delete from content.inbox where consumer = $1", NAME)
    await traffic.bus.js.delete_consumer(STREAM, NAME)

    await traffic.handle_all(dashboard_consumer(dashboard))

    assert await dashboard.stats() == before


class FailingOnce(DashboardService):
    """Fails with the first batch."""

    has_failed = False

    async def take(self, batch: Sequence[tuple[Sighting, Received]]) -> None:
        if not self.has_failed:
            self.has_failed = True
            raise LookupError
        await super().take(batch)


async def test_a_batch_that_fails_is_handled_in_the_end(
    stored: Database, clock: SettableClock, traffic: Traffic
) -> None:
    dashboard = FailingOnce(stored, clock)
    await traffic.publish(*(content_created(n) for n in range(5)))

    await traffic.handle_all(dashboard_consumer(dashboard))

    assert (await counts(dashboard))["total_content"] == 5


async def test_what_is_written_is_counted_by_way_of_the_bus(
    dashboard: DashboardService, stored: Database, dsn: str, traffic: Traffic, clock: SettableClock
) -> None:
    contents, consumer = ContentService(stored, clock), dashboard_consumer(dashboard)

    async def are_counted() -> bool:
        return bool((await counts(dashboard))["total_content"] == 3)

    async with running(Relay(traffic.bus, dsn, "content")), traffic.consuming(consumer):
        for n in range(3):
            await contents.create(ContentCreate(title=f"{n}"), 1)
        await until(are_counted)

    assert (await counts(dashboard))["draft_content"] == 3
