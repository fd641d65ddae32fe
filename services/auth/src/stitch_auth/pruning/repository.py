"""SQL of pruning: a batch is claimed and deleted by one statement, so workers share the work."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from stitch_auth.accounts.models import UNCONFIRMED
from stitch_common.database import Database

DELETE = """
delete from auth.{table} where {key} in (
    select {key} from auth.{table} where {moment} < $1
    order by {moment} limit $2 for update skip locked)
"""

FORGET = text(f"""
with forgotten as (
    delete from auth.users where id in (
        select id from auth.users where {UNCONFIRMED} and created_at < :before
        order by created_at limit :up_to for update skip locked)
    returning id, version, created_at
), names as (
    delete from auth.wanted_names
    where created_at < :before and created_at <= coalesce(
        (select max(created_at) from forgotten having count(*) = :up_to), :before)
)
select id, version from forgotten
""")  # noqa: S608 - a constant of ours


async def forget_registrations(
    session: AsyncSession, *, before: datetime, up_to: int
) -> Sequence[Row[Any]]:
    """Delete a batch of accounts that nobody has confirmed; gives their ids and versions.

    Names that were wanted as long ago are free in the same moment: who watches when a name is
    free learns nothing about the address with which it was asked for.
    """
    return (await session.execute(FORGET, {"before": before, "up_to": up_to})).all()


async def prune(
    database: Database, table: str, moment: str, *, before: datetime, up_to: int
) -> int:
    """Delete a batch that nobody else deletes at this moment; tells how many rows there were.

    `moment` is the column that says since when a row may go.
    """
    key = "sid" if table == "sessions" else "id"
    async with database.connection() as connection:
        status = await connection.execute(
            DELETE.format(table=table, key=key, moment=moment), before, up_to
        )
    return int(status.rpartition(" ")[2])
