"""SQL of throttling: one statement, so that parallel attempts are counted one by one."""

from datetime import datetime

from stitch_auth.throttling.models import Limit
from stitch_common.database import Database

ATTEMPT = """
with swept as (
    delete from auth.recent_attempts where key in (
        select key from auth.recent_attempts where until < $2 and key <> $1
        limit 20 for update skip locked)
)
insert into auth.recent_attempts as r (key, attempts, is_refused, until)
values ($1, array[$2::timestamptz], false, $2 + $4::interval)
on conflict (key) do update set
    is_refused = $3 <= (select count(*) from unnest(r.attempts) as at where at > $2 - $4),
    attempts = array(
        select at from unnest(r.attempts) as at where at > $2 - $4
        union all
        select $2 where $3 > (select count(*) from unnest(r.attempts) as at where at > $2 - $4)
    ),
    until = $2 + $4
returning is_refused, attempts
"""


async def forget(database: Database, key: bytes) -> None:
    """Count anew."""
    async with database.connection() as connection:
        await connection.execute("delete from auth.recent_attempts where key = $1", key)


async def attempt(
    database: Database, limit: Limit, key: bytes, now: datetime
) -> tuple[bool, list[datetime]]:
    """Count an attempt if there is room for it; tells whether there was none, and the others.

    It commits at once: a use case that fails has still been tried.
    """
    async with database.connection() as connection:
        row = await connection.fetchrow(ATTEMPT, key, now, limit.count, limit.window)
    return row["is_refused"], row["attempts"]
