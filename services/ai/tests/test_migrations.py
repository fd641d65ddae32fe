"""The migrated schema is the one that the models describe, and keeps its promises by itself."""

from collections.abc import AsyncGenerator
from typing import Any

import asyncpg
import pytest

from stitch_ai.db import Base
from stitch_common.database import Database
from stitch_common.testing.databases import Databases
from stitch_common.testing.schemas import drift

ADD_PROVIDER = """
insert into ai.providers (name, kind, models, default_model, position, is_active, is_default,
    created_at, updated_at, version, field_versions)
values ($1, 'openai', '[]', 'x', 1, $2, $3, now(), now(), 1, '{}')
"""


@pytest.fixture
async def connection(service_databases: Databases) -> AsyncGenerator["asyncpg.Connection[Any]"]:
    """A connection to a database of the test's own, with real commits."""
    async with service_databases.fresh("stitch_ai") as dsn:
        connection = await asyncpg.connect(dsn)
        yield connection
        await connection.close()


async def test_the_migrations_make_what_the_models_describe(database: Database) -> None:
    assert await drift(database, Base.metadata) == []


async def test_a_fresh_system_has_the_built_in_provider(
    connection: "asyncpg.Connection[Any]",
) -> None:
    rows = await connection.fetch("select name, kind, is_active, is_default from ai.providers")

    assert [tuple(row.values()) for row in rows] == [("local", "local", True, True)]


async def test_there_are_never_two_defaults(connection: "asyncpg.Connection[Any]") -> None:
    with pytest.raises(asyncpg.UniqueViolationError):
        await connection.execute(ADD_PROVIDER, "other", True, True)


async def test_an_inactive_provider_is_never_the_default(
    connection: "asyncpg.Connection[Any]",
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute("update ai.providers set is_active = false")


@pytest.mark.parametrize(
    "statement", ["update ai.providers set is_default = false", "delete from ai.providers"]
)
async def test_there_is_never_no_default(
    connection: "asyncpg.Connection[Any]", statement: str
) -> None:
    with pytest.raises(asyncpg.CheckViolationError):
        await connection.execute(statement)


async def test_the_default_can_be_handed_over_in_one_transaction(
    connection: "asyncpg.Connection[Any]",
) -> None:
    async with connection.transaction():
        await connection.execute("update ai.providers set is_default = false")
        await connection.execute(ADD_PROVIDER, "other", True, True)

    assert await connection.fetchval("select name from ai.providers where is_default") == "other"


@pytest.mark.parametrize(
    "statement",
    ["update ai.generations set prompt_tokens = 0", "delete from ai.generations",
     "truncate ai.generations"],
)  # fmt: skip
async def test_what_was_generated_never_changes(
    connection: "asyncpg.Connection[Any]", statement: str
) -> None:
    with pytest.raises(asyncpg.IntegrityConstraintViolationError):
        await connection.execute(statement)
