"""What the broker gave up is parked by itself, once, and told."""

import asyncio
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from libs.common.tests.bus.kit import Verified
from nats.aio.msg import Msg
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from stitch_common.bus.connection import Bus
from stitch_common.bus.consumer import Consumer, Patience
from stitch_common.bus.inbox import Received
from stitch_common.bus.rescue import rescue
from stitch_common.bus.topology import ADVISORIES, STREAM, apply, consumer_config
from stitch_common.contracts.auth import UserVerified
from stitch_common.testing.traffic import Traffic
from stitch_common.testing.waiting import PATIENCE, until

IMPATIENT = {"max_deliver": 2, "ack_wait": 0.05}


@pytest.fixture
def consumer() -> Consumer:
    consumer = Consumer("auth-test", patience=Patience(ack_wait=timedelta(seconds=30)))

    @consumer.on(UserVerified)
    async def handle(fact: UserVerified, received: Received) -> None: ...

    return consumer


async def give_up(bus: Bus, consumer: Consumer) -> None:
    """Take a fact twice and say nothing, as a handler does that kills its process."""
    await bus.js.add_consumer(STREAM, consumer_config(consumer).evolve(**IMPATIENT))
    reading = await bus.js.pull_subscribe_bind(consumer.name, STREAM)
    async with asyncio.timeout(PATIENCE):
        while not await told_by(bus):
            with suppress(TimeoutError):
                await reading.fetch(1, timeout=0.1)
    await reading.unsubscribe()


async def terminate(bus: Bus, consumer: Consumer) -> None:
    """Say TERM, as FastStream does when a handler raises."""
    await apply(bus, [consumer])
    reading = await bus.js.pull_subscribe_bind(consumer.name, STREAM)
    message: Msg
    (message,) = await reading.fetch(1, timeout=PATIENCE)
    await message.term()
    await until(partial(told_by, bus))
    await reading.unsubscribe()


async def told_by(bus: Bus) -> int:
    return int((await bus.js.stream_info(ADVISORIES)).state.messages)


async def none_are_told_by(bus: Bus) -> bool:
    return await told_by(bus) == 0


@pytest.mark.parametrize("lose", [give_up, terminate])
async def test_what_the_broker_gave_up_is_parked_while_its_consumer_runs(
    traffic: Traffic,
    consumer: Consumer,
    verified: Verified,
    lose: Any,
) -> None:
    (fact_id,) = await traffic.publish(verified(7))
    await lose(traffic.bus, consumer)
    before = rescued()

    with capture_logs() as logs:
        async with traffic.consuming(consumer):
            await until(partial(none_are_told_by, traffic.bus))

    (parked,) = await traffic.parked()
    assert parked["ce-id"] == str(fact_id)
    assert parked["stitch-subject"] == UserVerified.subject
    assert parked["stitch-error"].startswith("the broker gave it up")
    assert rescued() == before + 1
    assert [log["given_up"].consumer for log in logs if log["event"] == "fact_given_up"] == [
        "auth-test"
    ]


async def test_processes_that_rescue_at_the_same_time_park_it_once(
    traffic: Traffic, consumer: Consumer, verified: Verified
) -> None:
    await traffic.publish(verified(7))
    await give_up(traffic.bus, consumer)
    before = rescued()

    await asyncio.gather(*(rescue(traffic.bus, consumer.name) for _ in range(5)))

    assert len(await traffic.parked()) == 1
    assert rescued() == before + 1


async def test_what_belongs_to_another_consumer_is_left_to_it(
    traffic: Traffic, consumer: Consumer, verified: Verified
) -> None:
    await traffic.publish(verified(7))
    await give_up(traffic.bus, consumer)

    assert await rescue(traffic.bus, "auth-other") == []
    assert await told_by(traffic.bus) == 1


async def test_a_fact_that_the_stream_has_forgotten_is_told_and_not_parked(
    traffic: Traffic, consumer: Consumer, verified: Verified
) -> None:
    await traffic.publish(verified(7))
    await give_up(traffic.bus, consumer)
    await traffic.bus.js.purge_stream(STREAM)

    (given_up,) = await rescue(traffic.bus, consumer.name)

    assert not given_up.is_parked
    assert await traffic.parked() == []
    assert await told_by(traffic.bus) == 0


def rescued() -> float:
    labels = {"consumer": "auth-test"}
    return REGISTRY.get_sample_value("stitch_consumer_rescued_total", labels) or 0
