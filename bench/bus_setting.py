"""What the benchmark of the bus runs on: real servers that write to their disks."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from stitch_common.bus.connection import Bus
from stitch_common.bus.envelope import Envelope
from stitch_common.bus.tables import create_bus_tables
from stitch_common.bus.topology import apply
from stitch_common.clock import utc_now
from stitch_common.contracts.auth import UserUpdated, UserVerified
from stitch_common.database import Database, driver_url
from stitch_dev.nats import EmbeddedNats
from stitch_dev.postgres import EmbeddedPostgres

SCHEMA = "auth"
CONNECTIONS = 8

FILL = """
insert into auth.outbox (fact_id, subject, headers, payload)
select fact_id, $2, $3::jsonb || jsonb_build_object('ce-id', fact_id), $4
from (select gen_random_uuid() as fact_id from generate_series(1, $1)) as facts
"""


@dataclass(frozen=True, slots=True)
class Setting:
    """A schema with the bus's tables and a broker with its streams, and ways to reach them."""

    dsn: str
    nats_url: str
    bus: Bus
    pool: "asyncpg.Pool[asyncpg.Record]"
    database: Database

    async def fill(self, facts: int) -> None:
        """Let so many committed facts wait in the outbox."""
        sealed = Envelope.seal(updated(1))
        sealed.headers.pop("ce-id")
        await self.pool.execute(
            FILL, facts, sealed.subject, json.dumps(sealed.headers), sealed.payload, timeout=120
        )


def updated(user_id: int) -> UserUpdated:
    """A fact of common size."""
    return UserUpdated(
        user_id=user_id,
        version=1,
        at=utc_now(),
        email="ada.lovelace@example.org",
        username="ada",
        full_name="Ada Lovelace",
        changed=["full_name"],
    )


def verified(user_id: int) -> UserVerified:
    return UserVerified(user_id=user_id, version=1, at=utc_now())


@asynccontextmanager
async def setting() -> AsyncGenerator[Setting]:
    with TemporaryDirectory() as folder:
        postgres = EmbeddedPostgres(Path(folder) / "postgres")
        nats = EmbeddedNats(Path(folder) / "nats")
        try:
            postgres.start()
            nats.start()
            await build_schema(postgres.dsn)
            async with connected(postgres.dsn, nats.address) as found:
                yield found
        finally:
            nats.stop()
            postgres.remove()


@asynccontextmanager
async def connected(dsn: str, nats_url: str) -> AsyncGenerator[Setting]:
    bus = Bus(nats_url, SCHEMA)
    await bus.connect()
    await apply(bus)
    database = Database.connect(
        dsn, application_name="bench", pool_size=CONNECTIONS, on_commit=bus.wake
    )
    async with asyncpg.create_pool(dsn, min_size=CONNECTIONS, max_size=CONNECTIONS) as pool:
        yield Setting(dsn, nats_url, bus, pool, database)
    await database.dispose()
    await bus.close()


async def build_schema(dsn: str) -> None:
    engine = create_async_engine(driver_url(dsn))
    async with engine.begin() as connection:
        await connection.execute(text(f"create schema {SCHEMA}"))
        await connection.run_sync(create_bus_tables, SCHEMA)
        await connection.execute(text("create table auth.effect (user_id bigint not null)"))
    await engine.dispose()


def sealed(facts: Sequence[UserUpdated | UserVerified]) -> list[Envelope]:
    return [Envelope.seal(fact) for fact in facts]
