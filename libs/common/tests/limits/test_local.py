"""What a process counts for itself: as many as the limit says, in bounded memory."""

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from stitch_common.limits.local import LocalCounter
from stitch_common.limits.models import Limit
from stitch_common.testing.clock import SettableClock

READ = Limit("read", 60, timedelta(minutes=1))


def counter_of(limit: Limit, clock: SettableClock, **more: int) -> LocalCounter:
    return LocalCounter(limit, lambda: clock().timestamp(), **more)


@pytest.mark.parametrize("most", [1, 2, 3, 7, 60, 600, 1000])
def test_at_once_as_many_are_admitted_as_the_limit_says(clock: SettableClock, most: int) -> None:
    counter = counter_of(Limit("read", most, timedelta(minutes=1)), clock)

    verdicts = [counter.hit("a") for _ in range(most + 5)]

    assert [verdict.is_admitted for verdict in verdicts] == [True] * most + [False] * 5
    assert [v.remaining for v in verdicts] == [*range(most - 1, -1, -1), 0, 0, 0, 0, 0]


def test_what_was_used_comes_back_little_by_little(clock: SettableClock) -> None:
    counter = counter_of(READ, clock)
    for _ in range(60):
        counter.hit("a")

    clock.advance(timedelta(seconds=5))

    assert [counter.hit("a").is_admitted for _ in range(7)] == [True] * 5 + [False] * 2


def test_keys_are_counted_apart(clock: SettableClock) -> None:
    counter = counter_of(Limit("write", 1, timedelta(minutes=1)), clock)
    counter.hit("a")

    assert not counter.hit("a").is_admitted
    assert counter.hit("b").is_admitted


@given(gaps=st.lists(st.floats(0, 40), min_size=1, max_size=40), most=st.integers(1, 9))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_who_has_waited_is_admitted_and_the_wait_is_not_too_long(
    gaps: list[float], most: int, clock: SettableClock
) -> None:
    counter = counter_of(Limit("read", most, timedelta(minutes=1)), clock)
    for gap in gaps:
        clock.advance(timedelta(seconds=gap))
        verdict = counter.hit("a")

    assert 0 <= verdict.wait <= 60 / most + 1e-3
    clock.advance(timedelta(seconds=verdict.wait))
    later = counter.hit("a")
    assert later.is_admitted
    assert later.remaining == verdict.remaining


def test_however_many_there_are_memory_is_bounded_and_who_goes_on_is_remembered(
    clock: SettableClock,
) -> None:
    counter = counter_of(READ, clock, most_remembered=100)

    verdicts = []
    for stranger in range(1000):
        counter.hit(f"stranger-{stranger}")
        verdicts.append(counter.hit("a").is_admitted)

    assert verdicts.count(True) == 60
    assert len(counter.whole_at) <= 201
