"""The connection to NATS: nobody waits for it, and its end is noticed."""

import asyncio

import pytest
from libs.common.tests.bus.kit import SCHEMA
from nats.errors import Error as NatsError

from stitch_common.bus.connection import Bus, NatsAwayError
from stitch_common.testing.broker import OwnBroker
from stitch_common.testing.traffic import connected
from stitch_common.testing.waiting import promised, until

NOBODY = "nats://127.0.0.1:9"


async def test_a_process_starts_without_a_broker() -> None:
    bus = Bus(NOBODY, SCHEMA)

    async with promised(0.2):
        await bus.start()
        bus.wake()

    assert not bus.connected.is_set()
    await bus.close()


async def test_who_needs_the_broker_is_told_that_it_is_away() -> None:
    bus = Bus(NOBODY, SCHEMA)

    with pytest.raises(NatsAwayError, match="ConnectionRefusedError"):
        await bus.connect(seconds=0.2)

    await bus.close()


async def test_the_connection_has_no_budget_of_attempts() -> None:
    """With one, the client closes for good, and FastStream's loop never yields again."""
    bus = Bus(NOBODY, SCHEMA)
    await bus.start()
    await asyncio.sleep(0.1)

    assert bus.client.options["max_reconnect_attempts"] == -1

    await bus.close()


async def test_closing_what_was_never_started_does_nothing() -> None:
    await Bus(NOBODY, SCHEMA).close()


async def test_a_commit_wakes_the_relay_in_another_process(bus: Bus, nats_url: str) -> None:
    async with connected(nats_url, SCHEMA) as other:
        await bus.listen_for_wakes()
        await bus.client.flush()
        bus.woken.clear()

        other.wake()

        await until(bus.woken.is_set)


async def test_services_do_not_wake_each_other(bus: Bus, nats_url: str) -> None:
    async with connected(nats_url, "content") as other:
        await bus.listen_for_wakes()
        await bus.client.flush()
        bus.woken.clear()

        other.wake()
        await asyncio.sleep(0.05)

        assert not bus.woken.is_set()


async def test_a_connection_closed_for_good_is_noticed(bus: Bus) -> None:
    told: list[bool] = []
    bus.on_change(lambda: told.append(bus.lost.is_set()))

    await bus.client.close()

    assert bus.lost.is_set()
    assert told[-1]
    with pytest.raises(NatsError):
        await bus.client.publish("stitch.nothing")


async def test_a_process_ends_in_order_though_the_broker_is_away(broker: OwnBroker) -> None:
    """Also when something waits for it that nobody will read."""
    bus = Bus(broker.address, SCHEMA)
    await bus.connect()
    broker.stop()
    await until(lambda: not bus.connected.is_set())
    await bus.client.publish("stitch.nothing", b"waits")

    await bus.close()

    assert bus.client.is_closed
