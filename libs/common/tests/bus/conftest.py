"""A schema that has nothing but the bus's tables, on a real PostgreSQL."""

from collections.abc import AsyncGenerator

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from stitch_common.bus.tables import create_bus_tables
from stitch_common.database import Database, driver_url
from stitch_common.testing.databases import Databases

SCHEMA = "auth"


async def build_bus_schema(dsn: str) -> None:
    engine = create_async_engine(driver_url(dsn))
    async with engine.begin() as connection:
        await connection.execute(text(f"create schema {SCHEMA}"))
        await connection.run_sync(create_bus_tables, SCHEMA)
    await engine.dispose()


@pytest.fixture
async def database_url(service_databases: Databases) -> AsyncGenerator[str]:
    async with service_databases.clone("bus", build_bus_schema) as dsn:
        yield dsn


@pytest.fixture
async def database(service_databases: Databases) -> AsyncGenerator[Database]:
    """Nothing is left behind in it; one connection."""
    async with service_databases.rolled_back("bus", build_bus_schema) as database:
        yield database
