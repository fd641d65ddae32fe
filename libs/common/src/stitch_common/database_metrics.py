"""`db_pool_in_use` and `db_query_seconds`, for every query of the driver."""

from time import perf_counter
from typing import Any

from prometheus_client import Gauge, Histogram
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.pool import QueuePool

IN_USE = Gauge("db_pool_in_use", "Connections of the pool that somebody holds")
QUERY_SECONDS = Histogram(
    "db_query_seconds",
    "Time from sending a query to its last row",
    buckets=(0.0005, 0.001, 0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 5),
)


def observe(engine: AsyncEngine) -> None:
    """Measure this pool and what its connections do."""
    pool = engine.sync_engine.pool
    if isinstance(pool, QueuePool):
        IN_USE.set_function(pool.checkedout)

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection: Any, _record: Any) -> None:
        connection.driver_connection.add_query_logger(_note)

    # SQLAlchemy prepares all its statements, and the driver tells loggers of none of those.
    @event.listens_for(engine.sync_engine, "before_cursor_execute")
    def before(connection: Any, *_: Any) -> None:
        connection.info["query_began"] = perf_counter()

    @event.listens_for(engine.sync_engine, "after_cursor_execute")
    def after(connection: Any, *_: Any) -> None:
        QUERY_SECONDS.observe(perf_counter() - connection.info["query_began"])


def _note(query: Any) -> None:
    QUERY_SECONDS.observe(query.elapsed)
