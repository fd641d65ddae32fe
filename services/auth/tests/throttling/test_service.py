"""Limits of routes hold on all replicas, and refusals say when to come back."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest

from stitch_auth.throttling.service import Throttle
from stitch_common.bus.connection import Bus
from stitch_common.limits.answers import QuotaExceededError
from stitch_common.limits.counters import SharedCounters
from stitch_common.limits.models import Limit
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.traffic import clean_bus

LIMIT = Limit("login", 5, timedelta(seconds=30))


@pytest.fixture
async def replicas(
    nats_url: str, clock: SettableClock, patient_counters: None
) -> AsyncGenerator[list[Throttle]]:
    other = Bus(nats_url, "auth")
    await other.connect()
    async with clean_bus(nats_url, "auth") as bus:
        yield [Throttle(SharedCounters(each, clock)) for each in (bus, other)]
    await other.close()


async def tries(throttle: Throttle, number: int, *parts: str) -> list[bool]:
    return [await throttle.has_room(LIMIT, *parts) for _ in range(number)]


async def test_an_attempt_over_the_limit_is_refused_and_says_when_to_come_back(
    replicas: list[Throttle], clock: SettableClock
) -> None:
    await tries(replicas[0], 5, "a")
    clock.advance(timedelta(seconds=10))

    with pytest.raises(QuotaExceededError) as refused:
        await replicas[1].admit(LIMIT, "a")

    assert refused.value.headers["retry-after"] == "22"
    assert refused.value.headers["ratelimit-policy"] == '"login";q=5;w=30'
    assert refused.value.headers["ratelimit"] == '"login";r=0;t=22'


async def test_the_time_to_wait_is_enough(replicas: list[Throttle], clock: SettableClock) -> None:
    for _ in range(5):
        await replicas[0].admit(LIMIT, "a")
        clock.advance(timedelta(seconds=3, milliseconds=100))
    with pytest.raises(QuotaExceededError) as refused:
        await replicas[0].admit(LIMIT, "a")

    clock.advance(timedelta(seconds=int(refused.value.headers["retry-after"])))

    assert await tries(replicas[1], 2, "a") == [True, False]


async def test_refused_attempts_do_not_prolong_the_wait(
    replicas: list[Throttle], clock: SettableClock
) -> None:
    await tries(replicas[0], 5, "a")

    for _ in range(16):
        clock.advance(timedelta(seconds=2))
        admitted = await replicas[1].has_room(LIMIT, "a")

    assert admitted


async def test_what_is_counted_together_is_no_matter_of_how_it_is_put_together(
    replicas: list[Throttle],
) -> None:
    await tries(replicas[0], 9, "a", "b")

    assert await replicas[0].has_room(LIMIT, "a", "c")
    assert await replicas[0].has_room(LIMIT, "ab", "")


async def test_of_parallel_attempts_exactly_as_many_pass_as_the_limit_allows(
    replicas: list[Throttle],
) -> None:
    passed = await asyncio.gather(
        *(replicas[number % 2].has_room(LIMIT, "a") for number in range(50))
    )

    assert passed.count(True) == 5
