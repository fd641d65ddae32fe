"""PostgreSQL: the pool, the one place that commits, and the driver's own connection."""

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Self

from asyncpg import Connection, Record
from sqlalchemy import URL, PoolProxiedConnection, event, make_url
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import (
    AsyncConnection,
    AsyncEngine,
    AsyncSession,
    async_sessionmaker,
    create_async_engine,
)

from stitch_common.bus.outbox import write_pending
from stitch_common.context import before_commit
from stitch_common.database_metrics import QUERY_SECONDS, observe

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}
"""Constraint names that a repository can recognise in an IntegrityError."""

REST_SECONDS = 1.0


def driver_url(url: str) -> URL:
    """The same database by way of SQLAlchemy's asyncpg dialect."""
    return make_url(url).set(drivername="postgresql+asyncpg")


def _replace_dead_connections(engine: AsyncEngine) -> None:
    """Let the pool replace what the driver knows to be closed, or what died while it rested.

    SQLAlchemy's own `pool_pre_ping` asks every time: three more round trips a transaction.
    """
    pool, dialect = engine.sync_engine, engine.sync_engine.dialect

    @event.listens_for(pool, "checkin")
    def on_checkin(_connection: Any, record: Any) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(pool, "checkout")
    def on_checkout(connection: Any, record: Any, _proxy: Any) -> None:
        if connection.driver_connection.is_closed():
            raise DisconnectionError
        now = time.monotonic()
        if now - record.info.get("rests_since", now) > REST_SECONDS:
            try:
                dialect.do_ping(connection)
            except dialect.loaded_dbapi.Error as error:
                raise DisconnectionError from error


async def fetch_planned(
    connection: "Connection[Any]", statement: str, *arguments: Any
) -> Sequence[Record]:
    """Rows by a plan for these very arguments.

    After five runs PostgreSQL takes one plan for any arguments: for a common word of a search that
    was 170 ms instead of 3 (200 000 rows).
    """
    with QUERY_SECONDS.time():
        # Without a name, so that it is planned when it is bound.
        prepared = await connection.prepare(statement, name="")
        return list(await prepared.fetch(*arguments))


def _autocommitting(bind: AsyncEngine | AsyncConnection) -> AsyncEngine | AsyncConnection:
    # A connection is somebody's who has begun a transaction: tests.
    if isinstance(bind, AsyncConnection):
        return bind
    return bind.execution_options(isolation_level="AUTOCOMMIT")


class Database:
    """A service's own schema, through its own role."""

    def __init__(
        self, bind: AsyncEngine | AsyncConnection, *, on_commit: Callable[[], None] = lambda: None
    ) -> None:
        self._bind = bind
        self._on_commit = on_commit
        self._sessions = async_sessionmaker(
            bind, expire_on_commit=False, join_transaction_mode="create_savepoint"
        )
        self._readers = async_sessionmaker(_autocommitting(bind), expire_on_commit=False)

    @classmethod
    def connect(
        cls,
        url: str,
        *,
        application_name: str,
        pool_size: int = 8,
        on_commit: Callable[[], None] = lambda: None,
    ) -> Self:
        """A pool on this address; nothing is opened before it is used.

        `on_commit` is called after every commit that recorded facts.
        """
        engine = create_async_engine(
            driver_url(url),
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=10,
            connect_args={
                "timeout": 10,
                "server_settings": {
                    "application_name": application_name,
                    "idle_in_transaction_session_timeout": "30s",
                },
            },
        )
        observe(engine)
        _replace_dead_connections(engine)
        return cls(engine, on_commit=on_commit)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[AsyncSession]:
        """One use case: its rows, its facts and its idempotency key, all or nothing."""
        async with self._sessions.begin() as session:
            yield session
            await session.flush()
            recorded = await write_pending(session)
            if settle := before_commit.get():
                await settle(session)
        if recorded:
            self._on_commit()

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator[AsyncSession]:
        """Look before or beside a use case: nothing is kept, so no idempotency key is settled.

        No transaction either: two round trips fewer, and no snapshot that others wait for.
        """
        async with self._readers() as session:
            yield session

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator["Connection[Any]"]:
        """The driver's own connection, in autocommit, for one statement on a hot path."""
        async with self._lease() as pooled:
            driver = pooled.driver_connection
            if driver is None:
                message = "the pool gave a connection that is closed"
                raise ConnectionError(message)
            yield driver

    def wake(self) -> None:
        """Say that a statement on `connection()` has recorded facts, so that they leave at once."""
        self._on_commit()

    @asynccontextmanager
    async def _lease(self) -> AsyncGenerator[PoolProxiedConnection]:
        if isinstance(self._bind, AsyncConnection):
            yield await self._bind.get_raw_connection()
            return
        # From the pool, past an AsyncConnection, which costs half as much as a short statement.
        pooled = await self._bind.raw_connection()
        try:
            yield pooled
        finally:
            # Without SQLAlchemy's greenlet, which takes longer: there is nothing to roll back.
            pooled.close()

    async def dispose(self) -> None:
        if isinstance(self._bind, AsyncEngine):
            await self._bind.dispose()
