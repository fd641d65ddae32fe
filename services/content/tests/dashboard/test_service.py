"""The dashboard's picture is a function of the facts, whatever their order and number."""

from collections.abc import Awaitable, Callable
from datetime import timedelta

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from services.content.tests.dashboard.history import HISTORY, STATS
from services.content.tests.factories import content_created

from stitch_common.bus.envelope import uuid7
from stitch_common.bus.inbox import Received
from stitch_common.contracts import Fact
from stitch_common.database import Database
from stitch_common.testing.clock import NOW, SettableClock
from stitch_content.content.models import Status
from stitch_content.content.schemas import ContentCreate, ContentUpdate
from stitch_content.content.service import ContentService
from stitch_content.dashboard.consumers import NAME, sighting_of
from stitch_content.dashboard.service import DashboardService

FactsOf = Callable[[Database], Awaitable[list[Fact]]]
Told = tuple[Fact, Received]


def received(fact: Fact) -> Received:
    return Received(uuid7(fact.at), NAME, fact.subject, fact.sequence, fact.at, 1, None, 1)


TOLD: list[Told] = [(fact, received(fact)) for fact in HISTORY]


@pytest.fixture
def dashboard(database: Database, clock: SettableClock) -> DashboardService:
    clock.set(NOW)
    return DashboardService(database, clock)


async def tell(dashboard: DashboardService, *batches: list[Told]) -> None:
    for batch in batches:
        await dashboard.take([(sighting_of(fact), how) for fact, how in batch])


async def picture(database: Database) -> list[list[asyncpg.Record]]:
    async with database.connection() as connection:
        return [
            list(await connection.fetch("select * from content.dashboard_known order by 1, 2")),
            list(await connection.fetch("select * from content.dashboard_activity order by 1")),
        ]


@pytest.fixture
async def in_order(database: Database, clock: SettableClock) -> list[list[asyncpg.Record]]:
    """The picture when each fact comes once and in its turn."""
    await tell(DashboardService(database, clock), TOLD)
    return await picture(database)


async def forget_everything(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute(
            "truncate content.dashboard_known, content.dashboard_activity, content.inbox"
        )


async def test_the_counts_are_those_of_a_recount(dashboard: DashboardService) -> None:
    await tell(dashboard, TOLD)

    stats = (await dashboard.stats()).model_dump(exclude={"recent_activity"})

    assert stats == STATS


@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(order=st.permutations(range(len(TOLD))), size=st.integers(1, len(TOLD)))
async def test_order_and_repetition_do_not_matter(
    database: Database,
    clock: SettableClock,
    in_order: list[list[asyncpg.Record]],
    order: list[int],
    size: int,
) -> None:
    await forget_everything(database)
    shuffled = [TOLD[place] for place in [*order, *order[:10]]]
    batches = [shuffled[begin : begin + size] for begin in range(0, len(shuffled), size)]

    await tell(DashboardService(database, clock), *batches, TOLD)

    assert await picture(database) == in_order


async def test_the_picture_equals_the_content_that_is_there(
    dashboard: DashboardService, database: Database, clock: SettableClock, facts_of: FactsOf
) -> None:
    contents = ContentService(database, clock)
    items = [
        await contents.create(
            ContentCreate(title=f"{n}", content_type=kind, status=Status.PUBLISHED), 1
        )
        for n in range(4)
        for kind in ("article", "page")
    ]
    await contents.move(items[0].id, Status.DRAFT, expected=None)
    await contents.move(items[1].id, Status.ARCHIVED, expected=None)
    await contents.update(items[2].id, ContentUpdate(title="x"), expected=None, user_id=1)
    for item in items[3:6]:
        await contents.trash(item.id, expected=None)
    await contents.restore(items[3].id, expected=None)
    await contents.purge(items[4].id, expected=None)

    await tell(dashboard, [(fact, received(fact)) for fact in await facts_of(database)])

    stats, analytics = await dashboard.stats(), await dashboard.analytics(7)
    async with database.connection() as connection:
        total, published, drafts, pages = await connection.fetchrow(
            "select count(*), count(*) filter (where status = 'published'),"
            " count(*) filter (where status = 'draft'),"
            " count(*) filter (where content_type = 'page')"
            " from content.content where deleted_at is null"
        )
    assert (stats.total_content, stats.published_content, stats.draft_content) == (
        total,
        published,
        drafts,
    )
    assert {t.type: t.count for t in analytics.content_by_type} == {
        "page": pages,
        "article": total - pages,
    }


async def test_timelines_have_every_day(dashboard: DashboardService) -> None:
    await tell(dashboard, TOLD)

    analytics = await dashboard.analytics(5)

    assert [(day.date.isoformat(), day.count) for day in analytics.content_timeline] == [
        ("2026-02-26", 0),
        ("2026-02-27", 1),
        ("2026-02-28", 0),
        ("2026-03-01", 1),
        ("2026-03-02", 2),
    ]
    assert [day.count for day in analytics.rsvp_timeline] == [0, 0, 0, 0, 2]
    assert [day.count for day in analytics.email_timeline] == [0, 0, 0, 0, 2]
    assert [(t.type, t.count) for t in analytics.content_by_type] == [("article", 3), ("page", 1)]
    assert analytics.summary.model_dump() == {
        "total_content_created": 4,
        "most_popular_type": "article",
        "total_rsvps": 2,
        "total_emails_sent": 2,
    }


async def test_an_empty_site_has_an_empty_dashboard(dashboard: DashboardService) -> None:
    analytics = await dashboard.analytics(1)

    stats = (await dashboard.stats()).model_dump()

    assert stats.pop("recent_activity") == []
    assert set(stats.values()) == {0}
    assert [day.count for day in analytics.content_timeline] == [0]
    assert analytics.summary.most_popular_type is None


async def test_recent_activity_is_the_latest_first_and_bounded(
    dashboard: DashboardService, database: Database
) -> None:
    facts = [content_created(n, at=NOW + timedelta(seconds=n)) for n in range(250)]

    await tell(dashboard, [(fact, received(fact)) for fact in facts])

    recent = (await dashboard.stats()).recent_activity
    assert [activity.id for activity in recent] == list(range(249, 239, -1))
    assert recent[0].model_dump() == {
        "id": 249,
        "title": "Item 249",
        "type": "content",
        "action": "created",
        "timestamp": facts[-1].at,
        "status": "draft",
    }
    assert len((await picture(database))[1]) == 200


async def test_no_guest_and_no_user_is_named(dashboard: DashboardService) -> None:
    await tell(dashboard, TOLD)

    shown = (await dashboard.stats()).model_dump_json()
    (_, activities) = await picture(dashboard._database)

    assert "Guest" not in shown
    assert "@" not in shown
    titles = {(row["kind"], row["title"]) for row in activities}
    assert {title for kind, title in titles if kind in {"rsvp", "user"}} == {None, "An account"}


@pytest.mark.parametrize(
    ("subject", "title"),
    [
        ("stitch.events.rsvp.checked_in.v1", "Summer party"),
        ("stitch.events.event.deleted.v1", "Event 3"),
    ],
)
async def test_what_tells_no_title_is_shown_with_that_of_its_event(
    dashboard: DashboardService, subject: str, title: str
) -> None:
    later = {"at": NOW + timedelta(days=1)}

    await tell(dashboard, [told for told in TOLD if told[1].subject != subject])
    await tell(
        dashboard, [(f.model_copy(update=later), r) for f, r in TOLD if r.subject == subject]
    )

    assert (await dashboard.stats()).recent_activity[0].title == title
