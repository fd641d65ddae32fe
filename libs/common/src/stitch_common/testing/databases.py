"""Databases for tests: one migrated template a service, cloned in 30 ms where it is needed."""

import asyncio
import fcntl
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from itertools import count
from pathlib import Path

import asyncpg
from sqlalchemy import make_url, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from stitch_common import migrations
from stitch_common.database import Database, driver_url

Build = Callable[[str], Awaitable[None]]
"""Fills the empty database at this DSN."""


class Databases:
    """Makes databases on one server for one process of a test run."""

    def __init__(self, admin_dsn: str, *, folder: Path, run: str, worker: str) -> None:
        self._admin_dsn = admin_dsn
        self._folder = folder
        self._run = run
        self._worker = worker
        self._numbers = count(1)
        self._engines: dict[str, AsyncEngine] = {}

    @asynccontextmanager
    async def savepoint(self, package: str) -> AsyncGenerator[Database]:
        """Give a service's database in which nothing is left behind; one connection, so no races.

        Facts are written to the outbox and may be read there, but no relay sees them.
        """
        async with self.rolled_back(package, migrated(package)) as database:
            yield database

    @asynccontextmanager
    async def fresh(self, package: str) -> AsyncGenerator[str]:
        """Give the DSN of a service's own clone, for tests with real commits and concurrency."""
        async with self.clone(package, migrated(package)) as dsn:
            yield dsn

    @asynccontextmanager
    async def rolled_back(self, name: str, build: Build) -> AsyncGenerator[Database]:
        async with (await self._engine(name, build)).connect() as connection:
            transaction = await connection.begin()
            # SQLAlchemy sends BEGIN with the first statement; the driver's own would come before.
            await connection.execute(text("select 1"))
            yield Database(connection)
            await transaction.rollback()

    @asynccontextmanager
    async def clone(self, name: str, build: Build) -> AsyncGenerator[str]:
        template = await self._template(name, build)
        database = f"{template}_{self._worker}_{next(self._numbers)}"
        await self._copy(template, database)
        yield self._dsn(database)
        await self._run_sql(f'drop database "{database}" with (force)')

    async def close(self) -> None:
        for engine in self._engines.values():
            await engine.dispose()

    async def _engine(self, name: str, build: Build) -> AsyncEngine:
        if name not in self._engines:
            template = await self._template(name, build)
            database = f"{template}_{self._worker}"
            await self._copy(template, database)
            self._engines[name] = create_async_engine(
                driver_url(self._dsn(database)), pool_size=1, max_overflow=0
            )
        return self._engines[name]

    async def _template(self, name: str, build: Build) -> str:
        """Build the template once for all processes of the run."""
        database = f"{self._run}_{name}"
        with _only_one(self._folder / f"{name}.lock"):
            done = self._folder / f"{name}.done"
            if not done.exists():
                await self._run_sql(f'create database "{database}"')
                await build(self._dsn(database))
                done.touch()
        return database

    async def _copy(self, template: str, database: str) -> None:
        # FILE_COPY needs no WAL of every page; two copies of one template can't run at once.
        with _only_one(self._folder / "copy.lock"):
            await self._run_sql(
                f'create database "{database}" template "{template}" strategy file_copy'
            )

    async def _run_sql(self, statement: str) -> None:
        await _execute(self._admin_dsn, statement)

    def _dsn(self, database: str) -> str:
        url = make_url(self._admin_dsn).set(drivername="postgresql", database=database)
        return url.render_as_string(hide_password=False)


async def drop_databases(admin_dsn: str, run: str) -> None:
    """Remove what a test run has made on a server that outlives it."""
    connection = await asyncpg.connect(admin_dsn)
    rows = await connection.fetch(
        "select datname from pg_database where starts_with(datname, $1)", run
    )
    for row in rows:
        await connection.execute(f'drop database "{row["datname"]}" with (force)')
    await connection.close()


def migrated(package: str) -> Build:
    """Build a service's database as a deployment does: its schema, then its migrations."""

    async def build(dsn: str) -> None:
        await _execute(dsn, f"create schema {package.removeprefix('stitch_')}")
        await asyncio.to_thread(migrations.upgrade, package, dsn)

    return build


async def _execute(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


@contextmanager
def _only_one(path: Path) -> Generator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
