"""What is used of FastStream, and that nobody uses more of it (ADR 2)."""

import asyncio
import re
from importlib.metadata import version
from pathlib import Path

from faststream.nats.subscriber.usecases import LogicSubscriber
from libs.common.tests.bus.kit import Verified

from stitch_common.bus.connection import Bus
from stitch_common.bus.consumer import Consumer
from stitch_common.bus.dispatch import Dispatcher
from stitch_common.bus.inbox import Received
from stitch_common.bus.subscriptions import Subscriptions
from stitch_common.bus.topology import STREAM, apply
from stitch_common.contracts.auth import UserVerified
from stitch_common.testing.components import running
from stitch_common.testing.traffic import Traffic
from stitch_common.testing.waiting import until

ROOT = Path(__file__).parents[4]
USE = re.compile(r"^\s*(from|import) faststream", re.MULTILINE)


def test_only_the_dispatcher_knows_faststream() -> None:
    found = [p.name for p in ROOT.glob("*/*/src/**/*.py") if USE.search(p.read_text())]

    assert found == ["dispatch.py"]


def test_what_faststream_has_for_fastapi_is_left_alone() -> None:
    """It is deprecated, and would tie the life of a consumer to that of HTTP."""
    dispatch = ROOT / "libs/common/src/stitch_common/bus/dispatch.py"

    assert "fastapi" not in dispatch.read_text().lower()


def test_faststream_sees_one_parameter_and_no_message() -> None:
    """Two plain parameters would mean a body of two fields; a NatsMessage doubles the cost."""
    consumer = Consumer("auth-test")

    @consumer.on(UserVerified)
    async def handle(fact: UserVerified, received: Received) -> None: ...

    (subscriber,) = Dispatcher([consumer]).broker.subscribers
    assert isinstance(subscriber, LogicSubscriber)
    (call,) = subscriber.calls
    assert call.dependant is not None
    assert [option.field_name for option in call.dependant.flat_params] == ["fact"]


async def test_an_exception_never_terminates_a_message(
    traffic: Traffic, verified: Verified
) -> None:
    """FastStream's default acknowledges it for ever (TERM), and the fact is gone."""
    tries: list[int] = []
    consumer = Consumer("auth-test")

    @consumer.on(UserVerified)
    async def handle(fact: UserVerified, received: Received) -> None:
        tries.append(received.delivered)
        if received.delivered == 1:
            raise ValueError

    await traffic.publish(verified(1))
    await traffic.handle_all(consumer)

    assert tries == [1, 2]
    advisories = (await traffic.bus.js.stream_info("STITCH_ADVISORIES")).state.messages
    assert advisories == 0


async def test_faststream_never_rewrites_a_streams_limits(
    bus: Bus, traffic: Traffic, verified: Verified
) -> None:
    """`stream="NAME"` updates an existing stream to FastStream's defaults, and says nothing."""
    handled = asyncio.Event()
    consumer = Consumer("auth-test")

    @consumer.on(UserVerified)
    async def handle(fact: UserVerified, received: Received) -> None:
        handled.set()

    await apply(bus, [consumer])
    chosen = (await bus.js.stream_info(STREAM)).config.evolve(max_bytes=2**28, max_age=172800.0)
    await bus.js.update_stream(chosen)
    async with running(Subscriptions(bus, [consumer])):
        await traffic.publish(verified(1))
        await until(handled.is_set)

    found = (await bus.js.stream_info(STREAM)).config
    assert (found.max_bytes, found.max_age) == (2**28, 172800.0)
    assert found.subjects == chosen.subjects


def test_the_version_is_the_one_that_these_tests_know() -> None:
    assert version("faststream") == "0.7.8"
