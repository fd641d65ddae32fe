"""The migrations make the tables that the code declares."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, MetaData
from sqlalchemy.ext.asyncio import create_async_engine

from stitch_common.database import driver_url
from stitch_common.testing.databases import Databases
from stitch_content.db import all_tables

OF_COMMON = {
    "alembic_version",
    "idempotency_keys",
    "inbox",
    "outbox",
    "outbox_cursor",
    "outbox_default",
}


def drift(connection: Connection, metadata: MetaData) -> list[object]:
    context = MigrationContext.configure(
        connection,
        opts={
            "include_schemas": True,
            "include_name": lambda name, kind, _: {
                "schema": name == metadata.schema,
                "table": name not in OF_COMMON,
            }.get(kind, True),
            "include_object": lambda _, name, *__: name not in OF_COMMON,
            "compare_server_default": False,
        },
    )
    return list(compare_metadata(context, metadata))


async def test_the_migrated_schema_is_the_declared_one(service_databases: Databases) -> None:
    async with service_databases.fresh("stitch_content") as dsn:
        engine = create_async_engine(driver_url(dsn))
        async with engine.connect() as connection:
            differences = await connection.run_sync(drift, all_tables())
        await engine.dispose()

    assert differences == []
