"""SQL of pruning: a batch is claimed and deleted by one statement, so workers share the work."""

from datetime import datetime

from stitch_common.database import Database

DELETE = """
delete from auth.{table} where {key} in (
    select {key} from auth.{table} where {moment} < $1
    order by {moment} limit $2 for update skip locked)
"""


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
