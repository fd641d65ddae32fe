"""What the broker gave up is parked like anything else, and can be redriven."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from libs.operations.tests.conftest import Reader, Stitch

from stitch_common.bus.topology import ADVISORIES, STREAM, apply, consumer_config
from stitch_common.contracts.auth import UserVerified
from stitch_common.testing.traffic import Traffic

Verified = Callable[[int], UserVerified]


async def give_up(traffic: Traffic, reader: Reader) -> None:
    """Take a message twice and say nothing, as a handler does that kills its process."""
    impatient = consumer_config(reader.consumer).evolve(max_deliver=2, ack_wait=0.05)
    await traffic.bus.js.add_consumer(STREAM, impatient)
    reading = await traffic.bus.js.pull_subscribe_bind(reader.consumer.name, STREAM)
    async with asyncio.timeout(10):
        while not (await traffic.bus.js.stream_info(ADVISORIES)).state.messages:
            with suppress(TimeoutError):
                await reading.fetch(1, timeout=0.1)
    await reading.unsubscribe()


async def test_what_the_broker_gave_up_is_rescued_once_and_redriven(
    traffic: Traffic, stitch: Stitch, reader: Reader, verified: Verified
) -> None:
    await traffic.publish(verified(7))
    await give_up(traffic, reader)

    first = (await stitch("dlq", "rescue", "--json")).json
    second = (await stitch("dlq", "rescue", "--json")).json
    (row,) = (await stitch("dlq", "list", "--json")).json
    await apply(traffic.bus, [reader.consumer])
    await stitch("dlq", "redrive", "--all")
    await traffic.handle_all(reader.consumer)

    assert [(r["consumer"], r["tries"], r["is_parked"]) for r in first] == [
        ("auth-reader", 2, True)
    ]
    assert second == []
    assert row["subject"] == UserVerified.subject
    assert reader.taken == [7]
