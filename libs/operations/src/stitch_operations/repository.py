"""Every SQL statement of the operators' command."""

from typing import Any

import asyncpg

SCHEMAS = """
select table_schema from information_schema.tables
where table_name = 'outbox_cursor' order by table_schema
"""
OUTBOX = """
select '{schema}' as service, waiting.facts as waiting, waiting.oldest as oldest_seconds,
       cursor.stream_sequence, cursor.moved_at
from {schema}.outbox_cursor as cursor,
     lateral (
         select count(*) as facts,
                coalesce(extract(epoch from now() - min(created_at)), 0)::float as oldest
         from {schema}.outbox as fact where (fact.txid, fact.id) > (cursor.txid, cursor.id)
     ) as waiting
"""
RELAY = """
select count(*) > 0 from pg_stat_activity
where datname = current_database() and application_name = $1
"""


async def outboxes(url: str) -> list[dict[str, Any]]:
    """Tell of each outbox that this role may read how much waits to be published."""
    connection = await asyncpg.connect(url, timeout=10, command_timeout=30)
    try:
        found = [row["table_schema"] for row in await connection.fetch(SCHEMAS)]
        return [await _outbox(connection, schema) for schema in found]
    finally:
        await connection.close()


async def _outbox(connection: "asyncpg.Connection[Any]", schema: str) -> dict[str, Any]:
    # The name comes from PostgreSQL's own catalogue.
    row = await connection.fetchrow(OUTBOX.format(schema=schema))
    has_relay = await connection.fetchval(RELAY, f"stitch-{schema}-relay")
    return {**dict(row or {}), "has_relay": has_relay}
