"""What the bus's tests share: a schema with an effect table, and the types of their fixtures."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from stitch_common.bus.tables import create_bus_tables
from stitch_common.contracts import Fact
from stitch_common.contracts.auth import UserVerified
from stitch_common.database import driver_url

SCHEMA = "auth"

Verified = Callable[..., UserVerified]
Relaying = Callable[[], AbstractAsyncContextManager[None]]
Record = Callable[..., Awaitable[None]]
InStream = Callable[[int], Awaitable[list[Fact]]]


async def build_bus_schema(dsn: str) -> None:
    engine = create_async_engine(driver_url(dsn))
    async with engine.begin() as connection:
        await connection.execute(text(f"create schema {SCHEMA}"))
        await connection.run_sync(create_bus_tables, SCHEMA)
        await connection.execute(
            text(f"create table {SCHEMA}.effect (user_id int not null, version int not null)")
        )
    await engine.dispose()
