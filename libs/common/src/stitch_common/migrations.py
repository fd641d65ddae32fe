"""Migrations: Alembic in each service, one at a time across replicas, in the service's schema."""

import asyncio
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from alembic import command, context
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from stitch_common.database import Database, driver_url

VERSION_TABLE = "alembic_version"


class NoMigrationsError(Exception):
    """No alembic.ini lies beside or above the package."""


def upgrade(package: str, url: str) -> None:
    """Bring the schema of this service to its newest version; blocks, needs no running loop."""
    config = _config(package)
    config.attributes["url"] = url
    command.upgrade(config, "head")


@cache
def newest(package: str) -> str:
    """The version that this code needs its schema to have."""
    head = ScriptDirectory.from_config(_config(package)).get_current_head()
    if head is None:
        raise NoMigrationsError(package)
    return head


async def why_not_current(database: Database, schema: str, package: str) -> str | None:
    """None if the database is reachable and its schema is the one this code needs."""
    try:
        async with asyncio.timeout(2), database.connection() as connection:
            found = await connection.fetchval(f"select version_num from {schema}.{VERSION_TABLE}")  # noqa: S608 - our own names
    except Exception as error:  # noqa: BLE001 - whatever keeps us from it, we are not ready
        return f"the database does not answer: {type(error).__name__}"
    return None if found == newest(package) else f"the schema is at {found}"


def _config(package: str) -> Config:
    spec = find_spec(package)
    for folder in Path(spec.origin).parents if spec and spec.origin else ():
        if (folder / "alembic.ini").exists():
            return Config(folder / "alembic.ini")
    raise NoMigrationsError(package)


def run_env(metadata: MetaData, schema: str) -> None:
    """The whole of a service's migrations/env.py."""
    asyncio.run(_run(metadata, schema, context.config.attributes["url"]))


async def _run(metadata: MetaData, schema: str, url: str) -> None:
    engine = create_async_engine(driver_url(url), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate, metadata, schema)
        await connection.commit()
    await engine.dispose()


def _migrate(connection: Connection, metadata: MetaData, schema: str) -> None:
    # Replicas that start together wait for each other; the second finds nothing left to do.
    connection.execute(text("select pg_advisory_xact_lock(hashtext(:name))"), {"name": schema})
    context.configure(
        connection=connection,
        target_metadata=metadata,
        version_table=VERSION_TABLE,
        version_table_schema=schema,
        include_schemas=True,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        context.run_migrations()


IDEMPOTENCY_KEYS = """
create table {schema}.idempotency_keys (
    caller text not null,
    key text not null,
    fingerprint bytea not null,
    attempt uuid not null,
    state text not null check (state in ('running', 'confirmed', 'answered')),
    status integer, headers jsonb, body bytea,
    created_at timestamptz not null default now(), primary key (caller, key)
);
create index ix_idempotency_keys_created_at on {schema}.idempotency_keys (created_at)
"""


def create_idempotency_table(connection: Connection, schema: str) -> None:
    """For migration 0001 of a service: `create_idempotency_table(op.get_bind(), "events")`."""
    for statement in IDEMPOTENCY_KEYS.format(schema=schema).split(";"):
        connection.execute(text(statement))
