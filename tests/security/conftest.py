"""One house for all tests of this folder."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import pytest
from tests.security.house import SERVICES, STORED, House

from stitch_common.testing.broker import own_broker
from stitch_common.testing.databases import Databases


@pytest.fixture(scope="session")
async def house(
    service_databases: Databases, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[House]:
    """Five services and a gateway with a broker of their own: they live on beside other tests."""
    async with AsyncExitStack() as stack:
        broker = stack.enter_context(own_broker(tmp_path_factory.mktemp("house")))
        databases = {
            name: await stack.enter_async_context(service_databases.fresh(f"stitch_{name}"))
            for name in STORED
        }
        house = House(nats_url=broker.address, databases=databases)
        stack.push_async_callback(house.stop_all)
        for name in SERVICES:
            await house.start(name)
        yield house
