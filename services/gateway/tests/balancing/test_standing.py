"""When an address is passed over, and for how long."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitch_gateway.balancing.standing import (
    FAILURES,
    FORGIVEN_AFTER,
    LONGEST_PAUSE,
    REFUSALS,
    SHORTEST_PAUSE,
    Standing,
    may_pass_over,
)


def test_two_refused_connections_in_a_row_are_too_many() -> None:
    standing = Standing()

    for _ in range(REFUSALS):
        standing.failed(to_connect=True)

    assert standing.is_poor()
    assert standing.is_away()


def test_five_failures_in_a_row_are_too_many() -> None:
    standing = Standing()

    poor = []
    for _ in range(FAILURES):
        standing.failed(to_connect=False)
        poor.append(standing.is_poor())

    assert poor == [False] * 4 + [True]
    assert not standing.is_away()


def test_one_success_clears_all() -> None:
    standing = Standing()
    for to_connect in (True, False, False, False):
        standing.failed(to_connect=to_connect)

    standing.succeeded()
    standing.failed(to_connect=True)

    assert not standing.is_poor()


def test_each_pause_is_twice_as_long_up_to_a_limit() -> None:
    standing = Standing()

    pauses = [standing.pause(0) for _ in range(8)]

    assert pauses == [2, 4, 8, 16, 32, 64, 120, 120]


def test_long_good_standing_is_rewarded() -> None:
    standing = Standing()
    for _ in range(5):
        standing.pause(0)
    standing.returned(100)

    soon, later = standing.pause(101), standing.pause(100 + FORGIVEN_AFTER + 1)

    assert (soon, later) == (64, SHORTEST_PAUSE)
    assert soon < LONGEST_PAUSE


@pytest.mark.parametrize("is_away", [True, False])
@given(st.integers(1, 50))
def test_somebody_is_always_asked(is_away: bool, number: int) -> None:  # noqa: FBT001 - a case
    """Half of them, if they are overloaded rather than dead."""
    asked = number
    while may_pass_over(asked=asked, all_of_them=number, is_away=is_away):
        asked -= 1

    assert asked == 1 if is_away else asked == (number + 1) // 2
