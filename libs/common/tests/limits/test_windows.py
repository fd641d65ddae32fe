"""Twenty buckets in a number: never too many in any stretch, and nobody waits much too long."""

from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st

from stitch_common.limits.models import Verdict
from stitch_common.limits.windows import (
    BUCKETS,
    WINDOW,
    Place,
    counts_until,
    judge,
    one_in,
    place_of,
)

SECONDS = 30.0
GAPS = st.lists(st.floats(0, 12), min_size=1, max_size=60)
BEGINNING = 1_790_000_000.0


class Counters:
    """What a broker does with counters, and processes that take back what they refuse."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._numbers: dict[int, int] = {}

    def hit(self, at: float) -> Verdict:
        place = place_of(at, SECONDS)
        number = self._numbers.get(place.epoch, 0) + one_in(place.bucket)
        self._numbers[place.epoch] = number
        earlier = self._numbers.get(place.epoch - 1, 0) if place.looks_back else 0
        counts = counts_until(place, number, earlier)
        verdict = judge(counts, self._most, seconds=SECONDS, elapsed=place.elapsed)
        if not verdict.is_admitted:
            self._numbers[place.epoch] -= one_in(place.bucket)
        return verdict


@given(GAPS, st.integers(1, 8))
def test_no_stretch_of_a_window_admits_more_than_the_limit(gaps: list[float], most: int) -> None:
    """S71."""
    counters = Counters(most)

    admitted = [at for at in accumulate(gaps, initial=BEGINNING) if counters.hit(at).is_admitted]

    for first in admitted:
        assert sum(first <= at < first + SECONDS for at in admitted) <= most


@given(GAPS, st.integers(1, 8))
def test_waiting_is_enough_and_little_too_long(gaps: list[float], most: int) -> None:
    """S71: within a twentieth of the window."""
    counters = Counters(most)
    admitted: list[float] = []

    for at in accumulate(gaps, initial=BEGINNING):
        verdict = counters.hit(at)
        if verdict.is_admitted:
            admitted.append(at)
            continue
        oldest = admitted[-most]
        assert verdict.wait >= SECONDS - (at - oldest) - 1e-6
        assert verdict.wait <= SECONDS * (1 + 1 / WINDOW) - (at - oldest) + 1e-6
        assert verdict.remaining == 0


@given(GAPS)
def test_who_has_waited_is_admitted(gaps: list[float]) -> None:
    counters = Counters(3)
    at = BEGINNING
    for gap in gaps:
        at += gap
        verdict = counters.hit(at)
    if verdict.is_admitted:
        return

    assert counters.hit(at + verdict.wait + 1e-6).is_admitted


@given(st.lists(st.integers(-WINDOW, BUCKETS - 1), max_size=200), st.integers(0, BUCKETS - 1))
def test_two_numbers_hold_the_counts_of_a_window_and_of_what_was_before_it(
    hits: list[int], now: int
) -> None:
    """Buckets below zero are the last ones of the epoch before."""
    hits = [bucket for bucket in hits if bucket <= now]
    current = sum(one_in(bucket) for bucket in hits if bucket >= 0)
    earlier = sum(one_in(BUCKETS + bucket) for bucket in hits if bucket < 0)

    counts = counts_until(Place(1, now, 0.0), current, earlier)

    assert len(counts) > WINDOW
    assert counts == [hits.count(bucket) for bucket in range(now + 1 - len(counts), now + 1)]


@given(st.integers(0, BUCKETS - 1), st.integers(0, BUCKETS - 1))
def test_what_is_taken_back_from_a_lost_counter_counts_as_nothing(lost: int, added: int) -> None:
    now = Place(1, max(lost, added), 0.0)

    counts = counts_until(now, one_in(added) - one_in(lost), 0)

    assert sum(counts) <= 1
