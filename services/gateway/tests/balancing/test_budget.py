"""Retries never multiply load."""

from hypothesis import given
from hypothesis import strategies as st

from stitch_gateway.balancing.budget import (
    AT_LEAST_EACH_SECOND,
    MOST_SAVED,
    SHARE,
    RetryBudget,
)


class Seconds:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


@given(st.lists(st.tuples(st.integers(0, 200), st.floats(0, 5), st.integers(0, 50))))
def test_retries_are_a_fifth_of_what_is_asked_and_a_little_more(
    rounds: list[tuple[int, float, int]],
) -> None:
    """S68: whatever the traffic."""
    clock = Seconds()
    budget = RetryBudget(clock)
    asked = granted = 0

    for first_tries, seconds, wanted in rounds:
        clock.now += seconds
        budget.asked += first_tries
        asked += first_tries
        granted += sum(budget.spend() for _ in range(wanted))

    allowed = MOST_SAVED + asked * SHARE + clock.now * AT_LEAST_EACH_SECOND
    assert granted <= allowed + 1e-6


def test_long_peace_saves_only_so_much() -> None:
    clock = Seconds()
    budget = RetryBudget(clock)
    budget.asked += 1_000_000
    clock.now += 100_000

    granted = sum(budget.spend() for _ in range(1000))

    assert granted == MOST_SAVED


def test_a_quiet_service_is_asked_again_too() -> None:
    clock = Seconds()
    budget = RetryBudget(clock)
    while budget.spend():
        pass

    clock.now += 1 / AT_LEAST_EACH_SECOND

    assert budget.spend()
