"""Use cases of the dashboard: take facts, and answer from what they told."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, time

from stitch_common.bus.inbox import Inbox, Received
from stitch_common.clock import Clock
from stitch_common.database import Database
from stitch_content.dashboard.repository import DashboardReader, DashboardRepository
from stitch_content.dashboard.rules import (
    ACCEPTED,
    ACTIVE,
    GONE,
    WRITTEN,
    Sighting,
    days_until,
    most_popular,
    summed,
)
from stitch_content.dashboard.schemas import (
    AnalyticsSummary,
    DashboardAnalytics,
    DashboardStats,
    DayCount,
    RecentActivity,
    TypeCount,
)

SHOWN_ACTIVITIES = 10


class DashboardService:
    """The picture of all services."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._reader = DashboardReader(database)

    async def take(self, batch: Sequence[tuple[Sighting, Received]]) -> None:
        """Learn from a batch of facts in one transaction; what came before changes nothing."""
        async with self._database.transaction() as session:
            new = await Inbox(session).admit_many([received for _, received in batch])
            told = [(seen, received) for seen, received in batch if received.fact_id in new]
            dashboard = DashboardRepository(session)
            if told:
                await dashboard.remember([seen for seen, _ in told])
            if news := [(seen, received) for seen, received in told if seen.is_news]:
                await dashboard.note(news)

    async def forget(self, consumer: str, since: datetime) -> int:
        """Forget what the facts since then have told, so that a replay tells it anew."""
        async with self._database.transaction() as session:
            return await DashboardRepository(session).forget(consumer, since)

    async def stats(self) -> DashboardStats:
        rows = await self._reader.counts(self._clock())
        count: Counter[tuple[str, str]] = Counter()
        for row in rows:
            count[row["kind"], row["state"]] += row["number"]
        there = Counter[str]()
        for (kind, state), number in count.items():
            there[kind] += number if state != GONE else 0
        return DashboardStats(
            total_content=sum(count["content", state] for state in WRITTEN),
            published_content=count["content", "published"],
            draft_content=count["content", "draft"],
            total_users=there["user"],
            active_modules=count["module", ACTIVE],
            total_events=there["event"],
            upcoming_events=sum(row["upcoming"] for row in rows),
            total_rsvps=there["rsvp"],
            accepted_rsvps=count["rsvp", "accepted"],
            emails_sent=sum(count["email", state] for state in ACCEPTED),
            emails_failed=count["email", "failed"],
            recent_activity=await self._recent(),
        )

    async def _recent(self) -> list[RecentActivity]:
        return [
            RecentActivity(
                id=row["key"],
                title=row["title"],
                type=row["kind"],
                action=row["action"],
                timestamp=row["at"],
                status=row["status"],
            )
            for row in await self._reader.recent(SHOWN_ACTIVITIES)
        ]

    async def analytics(self, days: int) -> DashboardAnalytics:
        """The last so many days in UTC, today included."""
        period = days_until(self._clock().astimezone(UTC).date(), days)
        rows = await self._reader.days(datetime.combine(period[0], time(), UTC))
        daily: Counter[tuple[str, date]] = Counter()
        for row in rows:
            daily[row["kind"], row["day"]] += row["number"]
        types = summed((r["category"], r["number"]) for r in rows if r["kind"] == "content")

        def timeline(kind: str) -> list[DayCount]:
            return [DayCount(date=day, count=daily[kind, day]) for day in period]

        content, rsvps, emails = timeline("content"), timeline("rsvp"), timeline("email")
        return DashboardAnalytics(
            period_days=days,
            content_timeline=content,
            content_by_type=[TypeCount(type=name, count=count) for name, count in types.items()],
            rsvp_timeline=rsvps,
            email_timeline=emails,
            summary=AnalyticsSummary(
                total_content_created=sum(day.count for day in content),
                most_popular_type=most_popular(types),
                total_rsvps=sum(day.count for day in rsvps),
                total_emails_sent=sum(day.count for day in emails),
            ),
        )
