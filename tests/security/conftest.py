"""One house for all tests of this folder."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import pytest
from tests.security.house import SERVICES, STORED, House

from stitch_common.testing.databases import Databases
from stitch_common.testing.traffic import clean_bus


@pytest.fixture(scope="session")
async def house(service_databases: Databases, nats_url: str) -> AsyncGenerator[House]:
    async with AsyncExitStack() as stack:
        databases = {
            name: await stack.enter_async_context(service_databases.fresh(f"stitch_{name}"))
            for name in STORED
        }
        await stack.enter_async_context(clean_bus(nats_url))
        house = House(nats_url=nats_url, databases=databases)
        stack.push_async_callback(house.stop_all)
        for name in SERVICES:
            await house.start(name)
        yield house
