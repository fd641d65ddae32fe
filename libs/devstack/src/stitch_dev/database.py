"""The database of the stack: made, with the services' roles, schemas and passwords."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import asyncpg

from stitch_dev.settings import REPOSITORY

DATABASE = "stitch"
_ROLES = REPOSITORY / "deploy/postgres/roles.sql"


async def prepare(superuser_dsn: str, passwords: Mapping[str, str]) -> str:
    """Give every role its password; return the superuser's DSN of the services' database."""
    server = await asyncpg.connect(superuser_dsn)
    try:
        if not await server.fetchval("select 1 from pg_database where datname = $1", DATABASE):
            await server.execute(f"create database {DATABASE}")
    finally:
        await server.close()
    dsn = urlsplit(superuser_dsn)._replace(path=f"/{DATABASE}").geturl()
    await _make_roles(dsn, passwords)
    return dsn


async def _make_roles(dsn: str, passwords: Mapping[str, str]) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(_ROLES.read_text())
        for role, password in passwords.items():
            statement: str = await connection.fetchval(
                "select format('alter role %I password %L', $1::text, $2::text)", role, password
            )
            await connection.execute(statement)
    finally:
        await connection.close()
