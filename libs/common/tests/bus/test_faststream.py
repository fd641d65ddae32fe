"""What is used of FastStream, and that nobody uses more of it (ADR 2)."""

import re
from importlib.metadata import version
from pathlib import Path

from faststream.nats.subscriber.usecases import LogicSubscriber
from libs.common.tests.bus.kit import Verified

from stitch_common.bus.consumer import Consumer
from stitch_common.bus.dispatch import Dispatcher
from stitch_common.bus.inbox import Received
from stitch_common.contracts.auth import UserVerified
from stitch_common.testing.traffic import Traffic

ROOT = Path(__file__).parents[4]
USE = re.compile(r"^\s*(from|import) faststream", re.MULTILINE)


def test_only_the_dispatcher_knows_faststream() -> None:
    found = [p.name for p in ROOT.glob("*/*/src/**/*.py") if USE.search(p.read_text())]

    assert found == ["dispatch.py"]


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


def test_the_version_is_the_one_that_these_tests_know() -> None:
    assert version("faststream") == "0.7.8"
