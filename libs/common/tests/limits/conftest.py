"""A broker whose counters are its own."""

from collections.abc import AsyncGenerator

import pytest

from stitch_common.bus.connection import Bus
from stitch_common.testing.traffic import clean_bus


@pytest.fixture
async def bus(nats_url: str) -> AsyncGenerator[Bus]:
    async with clean_bus(nats_url, "limits") as bus:
        yield bus
