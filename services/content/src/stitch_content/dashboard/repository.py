"""Every statement about the dashboard's read model."""

from collections.abc import Sequence
from datetime import datetime

from asyncpg import Record
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_common.bus.inbox import Received
from stitch_common.database import Database
from stitch_content.dashboard.models import Activity
from stitch_content.dashboard.rules import ACCEPTED, GONE, WRITTEN, Sighting, first_id

KEPT_ACTIVITIES = 200

OF_NEWEST = ("version", "told_at", "subject", "state", "category", "parent", "starts_at")
OF_TITLE = ("title", "titled")
COLUMNS = ("kind", "key", *OF_NEWEST, *OF_TITLE, "counted_at")


def _take(columns: Sequence[str], condition: str) -> str:
    return ", ".join(
        f"{name} = case when {condition} then excluded.{name} else k.{name} end" for name in columns
    )


NEWER = "(excluded.version, excluded.told_at, excluded.subject) > (k.version, k.told_at, k.subject)"
# Commutative, associative and idempotent: facts may come twice and in any order.
REMEMBER = text(
    f"""
    insert into content.dashboard_known as k ({", ".join(COLUMNS)})
    values ({", ".join(f":{name}" for name in COLUMNS)})
    on conflict (kind, key) do update set
        {_take(OF_NEWEST, NEWER)},
        {_take(OF_TITLE, "excluded.titled > k.titled")},
        counted_at = least(k.counted_at, excluded.counted_at)
    """  # noqa: S608 - our own names
)

FORGET_OLD = text(
    """
    delete from content.dashboard_activity where (at, fact_id) < (
        select at, fact_id from content.dashboard_activity
        order by at desc, fact_id desc offset :kept - 1 limit 1
    )
    """
)

FORGET_MARKS = text(
    "delete from content.inbox where consumer = :consumer and fact_id >= :first returning fact_id"
)
# Readers may go on; a batch that is being taken ends first, or begins when all is forgotten.
KEEP_OUT = text("lock table content.dashboard_known in exclusive mode")
FORGET_ACTIVITY = text("delete from content.dashboard_activity where at >= :since")
FORGET_KNOWN = text(
    """
    delete from content.dashboard_known
    where told_at >= :since and (counted_at is null or counted_at >= :since)
    """
)
# What is older than the facts that come again stays, and believes any of them.
DOUBT_KNOWN = text(
    """
    update content.dashboard_known
    set version = 0, subject = '', titled = 0, told_at = counted_at where told_at >= :since
    """
)

COUNTS = """
select kind, state, count(*) as number,
       count(*) filter (
           where kind = 'event' and state = 'published' and starts_at >= $1
       ) as upcoming
from content.dashboard_known group by kind, state
union all
-- No fact is told about each RSVP of a deleted event.
select 'rsvp', r.state, -count(*), 0
from content.dashboard_known e
join content.dashboard_known r on r.kind = 'rsvp' and r.parent = e.key
where e.kind = 'event' and e.state = $2
group by r.state
"""

RECENT = """
select a.key, a.kind, a.action, a.at, a.status, coalesce(a.title, e.title, '') as title
from content.dashboard_activity a
left join content.dashboard_known e on e.kind = 'event' and e.key = a.event_id
order by a.at desc, a.fact_id desc limit $1
"""

DAYS = """
select k.kind, (k.counted_at at time zone 'utc')::date as day,
       coalesce(k.category, '') as category, count(*) as number
from content.dashboard_known k
left join content.dashboard_known e on e.kind = 'event' and e.key = k.parent
where k.counted_at >= $1 and (
    (k.kind = 'content' and k.state = any($2::text[]))
    or (k.kind = 'email' and k.state = any($3::text[]))
    or (k.kind = 'rsvp' and k.state <> $4 and e.state is distinct from $4)
)
group by 1, 2, 3
"""


class DashboardRepository:
    """Writes the read model."""

    def __init__(self, session: AsyncSession) -> None:
        self._session = session

    async def remember(self, sightings: Sequence[Sighting]) -> None:
        """Let each thing be what the newest of all facts about it says."""
        # Sorted, so that two batches wait for each other in one order only.
        ordered = sorted(sightings, key=lambda sighting: (sighting.kind, sighting.key))
        rows = [{name: getattr(seen, name) for name in COLUMNS} for seen in ordered]
        await self._session.execute(REMEMBER, rows)

    async def note(self, news: Sequence[tuple[Sighting, Received]]) -> None:
        """Add to the recent activity, and forget what is no longer recent."""
        rows = [
            {
                "fact_id": received.fact_id,
                "at": seen.told_at,
                "kind": seen.kind,
                "key": seen.key,
                "event_id": seen.parent,
                "title": seen.title,
                "action": seen.action,
                "status": seen.state,
            }
            for seen, received in news
        ]
        await self._session.execute(insert(Activity).on_conflict_do_nothing(), rows)
        await self._session.execute(FORGET_OLD, {"kept": KEPT_ACTIVITIES})

    async def forget(self, consumer: str, since: datetime) -> int:
        """Forget what facts since then have told; gives how many they were."""
        await self._session.execute(KEEP_OUT)
        marks = await self._session.execute(
            FORGET_MARKS, {"consumer": consumer, "first": first_id(since)}
        )
        for statement in (FORGET_ACTIVITY, FORGET_KNOWN, DOUBT_KNOWN):
            await self._session.execute(statement, {"since": since})
        return len(marks.all())


class DashboardReader:
    """Reads it, one statement each on the driver's own connection."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def counts(self, now: datetime) -> list[Record]:
        """How many of each kind are in each state; several rows of one state add up."""
        async with self._database.connection() as connection:
            return list(await connection.fetch(COUNTS, now, GONE))

    async def recent(self, number: int) -> list[Record]:
        async with self._database.connection() as connection:
            return list(await connection.fetch(RECENT, number))

    async def days(self, since: datetime) -> list[Record]:
        """How many began to count on each day, by kind and category."""
        async with self._database.connection() as connection:
            return list(await connection.fetch(DAYS, since, WRITTEN, ACCEPTED, GONE))
