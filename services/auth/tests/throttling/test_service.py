"""Limits hold under parallel attempts, and their waiting times are true."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitch_auth.throttling.errors import ThrottledError
from stitch_auth.throttling.models import Limit
from stitch_auth.throttling.service import Throttle
from stitch_common.database import Database
from stitch_common.testing.clock import NOW, SettableClock

LIMIT = Limit("login", 5, timedelta(seconds=30))


async def attempts(throttle: Throttle, number: int, *parts: str) -> list[bool]:
    return [await throttle.has_room(LIMIT, *parts) for _ in range(number)]


async def test_an_attempt_over_the_limit_is_refused_and_says_when_to_come_back(
    database: Database, clock: SettableClock
) -> None:
    throttle = Throttle(database, clock)
    await attempts(throttle, 5, "a")
    clock.advance(timedelta(seconds=10))

    with pytest.raises(ThrottledError) as refused:
        await throttle.admit(LIMIT, "a")

    assert refused.value.headers["retry-after"] == "20"
    assert refused.value.headers["ratelimit-policy"] == '"login";q=5;w=30'
    assert refused.value.headers["ratelimit"] == '"login";r=0;t=20'


async def test_the_time_to_wait_is_enough(database: Database, clock: SettableClock) -> None:
    throttle = Throttle(database, clock)
    for _ in range(5):
        await throttle.admit(LIMIT, "a")
        clock.advance(timedelta(seconds=3, milliseconds=100))
    with pytest.raises(ThrottledError) as refused:
        await throttle.admit(LIMIT, "a")

    clock.advance(timedelta(seconds=int(refused.value.headers["retry-after"])))

    assert await attempts(throttle, 2, "a") == [True, False]


async def test_refused_attempts_do_not_prolong_the_wait(
    database: Database, clock: SettableClock
) -> None:
    throttle = Throttle(database, clock)
    await attempts(throttle, 5, "a")

    for _ in range(10):
        clock.advance(timedelta(seconds=3))
        refused = await throttle.has_room(LIMIT, "a")

    assert refused is True


async def test_others_are_not_affected(database: Database, clock: SettableClock) -> None:
    throttle = Throttle(database, clock)

    await attempts(throttle, 9, "a", "b")

    assert await throttle.has_room(LIMIT, "a", "c")
    assert await throttle.has_room(LIMIT, "ab", "")


async def test_of_parallel_attempts_exactly_as_many_pass_as_the_limit_allows(
    busy_database: Database, clock: SettableClock
) -> None:
    replicas = [Throttle(busy_database, clock) for _ in range(2)]

    passed = await asyncio.gather(
        *(replicas[number % 2].has_room(LIMIT, "a") for number in range(50))
    )

    assert passed.count(True) == 5


async def test_forgotten_attempts_leave_the_table(database: Database, clock: SettableClock) -> None:
    throttle = Throttle(database, clock)
    for number in range(10):
        await throttle.admit(LIMIT, str(number))
    clock.advance(timedelta(minutes=1))

    await throttle.admit(LIMIT, "new")

    async with database.connection() as connection:
        assert await connection.fetchval("select count(*) from auth.recent_attempts") == 1


@given(st.lists(st.integers(0, 29_999), min_size=5, max_size=5), st.integers(0, 30_000))
def test_after_the_wait_fewer_attempts_than_the_limit_are_left(ago: list[int], after: int) -> None:
    recent = [NOW - timedelta(milliseconds=ms) for ms in ago]

    then = NOW + LIMIT.wait(recent, NOW) + timedelta(milliseconds=after)

    assert len([at for at in recent if at > then - LIMIT.window]) < LIMIT.count
