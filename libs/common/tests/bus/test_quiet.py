"""Relay and consumers cost nothing while nothing happens, and never hold up HTTP beside them."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from datetime import timedelta
from statistics import quantiles

import httpx
import pytest
from libs.common.tests.bus.kit import SCHEMA, Record, Verified
from pydantic_settings import BaseSettings, SettingsConfigDict

from stitch_common.bus import flow
from stitch_common.bus.connection import Bus
from stitch_common.bus.consumer import Consumer, Patience
from stitch_common.bus.inbox import Received
from stitch_common.bus.relay import Relay
from stitch_common.bus.subscriptions import Subscriptions
from stitch_common.bus.topology import STREAM, apply
from stitch_common.contracts.auth import UserVerified
from stitch_common.errors import ErrorKind, StitchError
from stitch_common.http.ops import create_ops_app
from stitch_common.testing.broker import OwnBroker
from stitch_common.testing.components import running
from stitch_common.testing.traffic import Traffic, connected
from stitch_common.testing.waiting import own_time, until

SHARE = 0.10
"""Of one core; 1 to 3 % is usual, a busy loop takes all."""
PROMPT = 0.1
"""Seconds in which 99 of 100 answers of HTTP are there."""


class Extent(BaseSettings):
    """`STITCH_QUIET_SECONDS=90`: how long to look, each time."""

    model_config = SettingsConfigDict(env_prefix="STITCH_QUIET_")

    seconds: float = 4.0


SECONDS = Extent().seconds

FAILING, SLOW = 7, 8
"""Users whose facts no handler likes."""


class AwayError(StitchError):
    """The mail server does not answer."""

    kind = ErrorKind.UNAVAILABLE
    code = "away"


@pytest.fixture
async def bus(broker: OwnBroker) -> AsyncGenerator[Bus]:
    async with connected(broker.address, SCHEMA) as bus:
        yield bus


@pytest.fixture
async def handled(bus: Bus, database_url: str) -> AsyncGenerator[list[int]]:
    """A relay and a consumer in this process; what it handles."""
    handled: list[int] = []
    consumer = Consumer("auth-quiet", patience=Patience(ack_wait=timedelta(seconds=1)))

    @consumer.on(UserVerified)
    async def handle(fact: UserVerified, received: Received) -> None:
        if fact.user_id == FAILING:
            raise AwayError
        if fact.user_id == SLOW:
            await asyncio.sleep(2 * SECONDS)
        handled.append(fact.user_id)

    async with running(Relay(bus, database_url, SCHEMA)), running(Subscriptions(bus, [consumer])):
        yield handled


async def cpu_share() -> float:
    begun = time.process_time()
    await asyncio.sleep(SECONDS)
    return (time.process_time() - begun) / SECONDS


async def slowest_answers() -> float:
    """Ask the process's own HTTP for a while; gives the 99th percentile in seconds."""
    seconds: list[float] = []
    transport = httpx.ASGITransport(create_ops_app({}))
    async with httpx.AsyncClient(transport=transport, base_url="http://ops") as client:
        with own_time() as clock:
            while clock() < SECONDS:
                begun = clock()
                await asyncio.sleep(0.01)
                (await client.get("/healthz")).raise_for_status()
                seconds.append(clock() - begun)
    return quantiles(seconds, n=100)[-1]


async def seen(handled: list[int], number: int) -> None:
    await until(lambda: len(handled) >= number)


async def test_an_idle_process_uses_hardly_any_cpu(handled: list[int]) -> None:
    assert await cpu_share() < SHARE


async def test_a_broker_that_is_away_is_no_busy_loop_and_holds_up_nobody(
    broker: OwnBroker, handled: list[int], record: Record, verified: Verified
) -> None:
    broker.stop()
    await record(verified(1))

    assert await cpu_share() < SHARE
    assert await slowest_answers() < PROMPT

    broker.start()
    await seen(handled, 1)
    assert handled == [1]


async def delete_stream(bus: Bus, _record: Record, _verified: Verified) -> None:
    await bus.js.delete_stream(STREAM)


async def delete_consumer(bus: Bus, _record: Record, _verified: Verified) -> None:
    await bus.js.delete_consumer(STREAM, "auth-quiet")


async def send_what_nobody_likes(bus: Bus, record: Record, verified: Verified) -> None:
    """A malformed fact, one that fails, and one that takes longer than `ack_wait`."""
    await bus.js.publish(UserVerified.subject, b"no fact")
    await record(verified(FAILING), verified(SLOW))


@pytest.mark.parametrize("disturb", [delete_stream, delete_consumer, send_what_nobody_likes])
async def test_a_disturbance_is_no_busy_loop_and_holds_up_nobody(
    disturb: Callable[[Bus, Record, Verified], Awaitable[None]],
    bus: Bus,
    handled: list[int],
    record: Record,
    verified: Verified,
) -> None:
    await disturb(bus, record, verified)

    assert await cpu_share() < SHARE
    assert await slowest_answers() < PROMPT

    await record(verified(1))
    await until(lambda: 1 in handled)
    await until(lambda: SLOW in handled or disturb is not send_what_nobody_likes)
    assert len(handled) == len(set(handled))


async def test_a_shutdown_with_a_full_window_is_no_busy_loop_and_holds_up_nobody(
    bus: Bus, verified: Verified, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow, "DRAIN_SECONDS", 10 * SECONDS)
    consumer, begun, ended = Consumer("auth-full", workers=4), list[int](), list[int]()
    may_end, stop = asyncio.Event(), asyncio.Event()

    @consumer.on(UserVerified)
    async def handle(fact: UserVerified, received: Received) -> None:
        begun.append(fact.user_id)
        await may_end.wait()
        ended.append(fact.user_id)

    await apply(bus, [consumer])
    await Traffic(bus).publish(*(verified(user_id) for user_id in range(12)))
    stopping = asyncio.create_task(Subscriptions(bus, [consumer]).run(stop))
    await seen(begun, consumer.window)
    stop.set()

    assert await cpu_share() < SHARE
    assert await slowest_answers() < PROMPT
    assert len(begun) == consumer.window

    may_end.set()
    await stopping
    async with running(Subscriptions(bus, [consumer])):
        await seen(ended, 12)
    assert sorted(ended) == list(range(12))


async def test_a_broker_that_answers_late_has_each_fact_once(
    broker: OwnBroker, bus: Bus, handled: list[int], record: Record, verified: Verified
) -> None:
    """FastStream gives up after half a second, though the fact may be stored."""
    broker.hang()
    await record(*(verified(user_id) for user_id in range(3)))
    await asyncio.sleep(2)
    broker.go_on()

    await seen(handled, 3)

    assert [fact.aggregate_id for fact in await Traffic(bus).facts()] == ["0", "1", "2"]
    assert sorted(handled) == [0, 1, 2]
