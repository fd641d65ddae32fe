"""A dashboard whose tables were spoiled is rebuilt by `stitch replay … --rebuild`, under way."""

import asyncio
import json
import sys
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from operator import attrgetter
from typing import Any

import asyncpg
import pytest
from services.content.tests.dashboard.history import HISTORY, STATS
from services.content.tests.factories import content_created, content_told

from stitch_common.bus.connection import Bus
from stitch_common.contracts import Fact
from stitch_common.contracts.content import ContentUpdated
from stitch_common.database import Database
from stitch_common.testing.clock import NOW, SettableClock
from stitch_common.testing.databases import Databases
from stitch_common.testing.traffic import Traffic, answering_for, clean_bus
from stitch_content.dashboard.consumers import dashboard_answers, dashboard_consumer
from stitch_content.dashboard.service import DashboardService

IN_TIME = sorted(HISTORY, key=attrgetter("at"))
"""As relays publish: each service's facts in their order."""

WRECK = """
delete from content.dashboard_known where key = 1;
update content.dashboard_known set state = 'published', version = 9000, title = 'Nonsense',
    titled = 9000, category = null, parent = null;
insert into content.dashboard_known (kind, key, version, told_at, subject, state, titled)
values ('content', 4711, 1, '2026-03-03', 'never happened', 'published', 0);
delete from content.dashboard_activity where kind = 'content';
update content.dashboard_activity set title = 'Nonsense'
"""

Replay = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
async def stored(service_databases: Databases) -> AsyncGenerator[Database]:
    async with service_databases.fresh("stitch_content") as dsn:
        database = Database.connect(dsn, application_name="test")
        yield database
        await database.dispose()


@pytest.fixture
async def bus(nats_url: str) -> AsyncGenerator[Bus]:
    async with clean_bus(nats_url, "content") as bus:
        yield bus


@pytest.fixture
def traffic(bus: Bus) -> Traffic:
    return Traffic(bus)


@pytest.fixture
def dashboard(stored: Database, clock: SettableClock) -> DashboardService:
    return DashboardService(stored, clock)


@pytest.fixture
def replay(nats_url: str) -> Replay:
    """Call the operators' command in a process of its own."""

    async def replay(*words: str) -> tuple[int, str]:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "stitch_operations", "replay", "content-dashboard", *words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={"STITCH_NATS_URL": nats_url},
        )
        out, err = await child.communicate()
        return child.returncode or 0, (out or err).decode()

    return replay


@pytest.fixture
async def _answering(nats_url: str, dashboard: DashboardService) -> AsyncGenerator[None]:
    """The worker's responder."""
    async with answering_for(nats_url, "content", dashboard_answers(dashboard)):
        yield


async def picture(database: Database) -> list[list[asyncpg.Record]]:
    async with database.connection() as connection:
        return [
            list(await connection.fetch("select * from content.dashboard_known order by 1, 2")),
            list(await connection.fetch("select * from content.dashboard_activity order by 1")),
        ]


async def wreck(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute(WRECK)


async def counts(dashboard: DashboardService) -> dict[str, Any]:
    return (await dashboard.stats()).model_dump(exclude={"recent_activity"})


@pytest.mark.usefixtures("_answering")
async def test_a_wrecked_dashboard_is_rebuilt_and_equals_a_recount(
    dashboard: DashboardService, stored: Database, traffic: Traffic, replay: Replay
) -> None:
    consumer = dashboard_consumer(dashboard)
    await traffic.publish(*IN_TIME)
    await traffic.handle_all(consumer)
    before = await picture(stored)
    await wreck(stored)

    async with traffic.consuming(consumer):
        code, said = await replay("--from", "all", "--rebuild", "--json")
        await traffic.settled(consumer)

    assert code == 0, said
    assert json.loads(said)["forgotten"] == len(HISTORY)
    assert await counts(dashboard) == STATS
    assert await picture(stored) == before


@pytest.mark.usefixtures("_answering")
async def test_without_rebuild_a_replay_changes_nothing(
    dashboard: DashboardService, stored: Database, traffic: Traffic, replay: Replay
) -> None:
    consumer = dashboard_consumer(dashboard)
    await traffic.publish(*IN_TIME)
    await traffic.handle_all(consumer)
    await wreck(stored)
    wrecked = await picture(stored)

    await replay("--from", "all")
    await traffic.handle_all(consumer)

    assert await picture(stored) == wrecked


@pytest.mark.usefixtures("_answering")
async def test_what_the_stream_no_longer_tells_is_kept(
    dashboard: DashboardService, stored: Database, traffic: Traffic, replay: Replay
) -> None:
    """An item of last year, whose creation the stream has forgotten, was edited today."""
    consumer = dashboard_consumer(dashboard)
    await traffic.publish(content_created(70, at=NOW - timedelta(days=60)), content_created(71))
    await traffic.handle_all(consumer)
    await traffic.bus.js.purge_stream("STITCH")
    await traffic.publish(
        ContentUpdated(**content_told(70, 2, title="Edited"), changed=["title"]),
        content_created(72),
    )
    await traffic.handle_all(consumer)
    before = await picture(stored)

    await replay("--from", "all", "--rebuild")
    await traffic.handle_all(consumer)

    assert (await picture(stored))[0] == before[0]
    assert (await counts(dashboard))["total_content"] == 3


@pytest.mark.usefixtures("_answering")
async def test_facts_that_come_during_a_rebuild_count_once(
    dashboard: DashboardService, stored: Database, traffic: Traffic, replay: Replay
) -> None:
    consumer = dashboard_consumer(dashboard)
    await traffic.publish(*IN_TIME)

    async def go_on() -> None:
        for number in range(100, 160):
            await traffic.publish(content_created(number))

    async with AsyncExitStack() as stack:
        await stack.enter_async_context(traffic.consuming(consumer))
        writing = asyncio.create_task(go_on())
        for _ in range(3):
            code, said = await replay("--from", "all", "--rebuild")
            assert code == 0, said
        await writing
        await traffic.settled(consumer)

    assert (await counts(dashboard))["total_content"] == STATS["total_content"] + 60


async def test_without_its_worker_nothing_is_done(
    dashboard: DashboardService, stored: Database, traffic: Traffic, replay: Replay
) -> None:
    consumer = dashboard_consumer(dashboard)
    facts: list[Fact] = [content_created(1)]
    await traffic.publish(*facts)
    await traffic.handle_all(consumer)

    code, said = await replay("--from", "all", "--rebuild")

    assert code == 1
    assert said.startswith("stitch: The worker of content does not answer; nothing was done.")
    assert (await traffic.bus.js.consumer_info("STITCH", consumer.name)).num_pending == 0
