"""Whether migrations make the tables that the code describes."""

from functools import partial

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlalchemy.dialects.postgresql.base import ischema_names

from stitch_common.bus.tables import XID8
from stitch_common.database import Database

NOT_DESCRIBED = {"alembic_version", "idempotency_keys", "outbox_default"}


async def drift(database: Database, metadata: MetaData) -> list[object]:
    """Give what differs in the metadata's schema: nothing if all its tables are as described."""
    async with database.transaction() as session:
        connection = await session.connection()
        return await connection.run_sync(partial(_drift, metadata=metadata))


def _drift(connection: Connection, *, metadata: MetaData) -> list[object]:
    def is_compared(name: str | None, kind: str, _parents: object) -> bool:
        return name == metadata.schema if kind == "schema" else name not in NOT_DESCRIBED

    options = {
        "include_schemas": True,
        "include_name": is_compared,
        "compare_server_default": True,
    }
    ischema_names["xid8"] = XID8  # SQLAlchemy does not know the type by itself
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, metadata))
