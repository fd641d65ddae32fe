"""A schema that has nothing but the bus's tables and an effect, and a broker with empty streams."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import pytest
from libs.common.tests.bus.kit import (
    SCHEMA,
    InStream,
    Record,
    Relaying,
    Verified,
    build_bus_schema,
)

from stitch_common.bus.connection import Bus
from stitch_common.bus.outbox import Outbox
from stitch_common.bus.relay import Relay
from stitch_common.bus.topology import STREAM
from stitch_common.contracts import Fact
from stitch_common.contracts.auth import UserVerified
from stitch_common.database import Database
from stitch_common.testing.clock import NOW
from stitch_common.testing.components import running
from stitch_common.testing.databases import Databases
from stitch_common.testing.traffic import Traffic, clean_bus
from stitch_common.testing.waiting import until


@pytest.fixture
async def rolled_back(service_databases: Databases) -> AsyncGenerator[Database]:
    """Nothing is left behind in it; one connection."""
    async with service_databases.rolled_back("bus", build_bus_schema) as database:
        yield database


@pytest.fixture
async def database_url(service_databases: Databases) -> AsyncGenerator[str]:
    async with service_databases.clone("bus", build_bus_schema) as dsn:
        yield dsn


@pytest.fixture
async def bus(nats_url: str) -> AsyncGenerator[Bus]:
    async with clean_bus(nats_url, SCHEMA) as bus:
        yield bus


@pytest.fixture
def traffic(bus: Bus) -> Traffic:
    return Traffic(bus)


@pytest.fixture
async def database(database_url: str, bus: Bus) -> AsyncGenerator[Database]:
    """Real commits that wake the relay."""
    database = Database.connect(
        database_url, application_name="test", pool_size=12, on_commit=bus.wake
    )
    yield database
    await database.dispose()


@pytest.fixture
def verified() -> Verified:
    def verified(user_id: int, version: int = 1) -> UserVerified:
        return UserVerified(user_id=user_id, version=version, at=NOW)

    return verified


@pytest.fixture
def record(database: Database) -> Record:
    """Commit facts in one transaction."""

    async def record(*facts: Fact) -> None:
        async with database.transaction() as session:
            for fact in facts:
                Outbox(session).add(fact)

    return record


@pytest.fixture
def relaying(bus: Bus, database_url: str) -> Relaying:
    """Run a relay meanwhile; it publishes what is committed before it ends."""

    @asynccontextmanager
    async def relaying() -> AsyncGenerator[None]:
        async with running(Relay(bus, database_url, SCHEMA)):
            yield

    return relaying


@pytest.fixture
def in_stream(bus: Bus, traffic: Traffic) -> InStream:
    """Wait until the stream holds so many facts, and give them."""

    async def in_stream(number: int) -> list[Fact]:
        async def are_there() -> bool:
            return (await bus.js.stream_info(STREAM)).state.messages >= number

        await until(are_there)
        return await traffic.facts()

    return in_stream
