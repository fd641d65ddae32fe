"""When a service is left alone, and how it comes back."""

from hypothesis import given
from hypothesis import strategies as st

from stitch_gateway.balancing.breaker import LONGEST_REST, SHORTEST_REST, Breaker, State


class Seconds:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def opened(clock: Seconds) -> Breaker:
    breaker = Breaker(clock)
    for _ in range(5):
        breaker.failed(breaker.term)
    return breaker


def test_it_opens_after_five_failures_in_a_row() -> None:
    """S69."""
    changes: list[State] = []
    breaker = Breaker(Seconds(), on_change=changes.append)

    for _ in range(4):
        breaker.failed(breaker.term)
    was_closed = breaker.is_closed
    breaker.failed(breaker.term)

    assert was_closed
    assert changes == [State.OPEN]


def test_it_stays_closed_while_only_every_third_request_fails() -> None:
    breaker = Breaker(Seconds())

    for _ in range(1000):
        breaker.failed(breaker.term)
        breaker.succeeded(breaker.term)
        breaker.succeeded(breaker.term)

    assert breaker.is_closed


def test_it_opens_when_half_of_the_requests_fail() -> None:
    breaker = Breaker(Seconds())

    for _ in range(10):
        breaker.failed(breaker.term)
        breaker.succeeded(breaker.term)

    assert breaker.state is State.OPEN


def test_open_it_lets_nobody_pass_until_it_has_rested_and_then_one() -> None:
    """S69: half-open is a single probe."""
    clock = Seconds()
    breaker = opened(clock)

    while_it_rests = breaker.lets_probe()
    clock.now += SHORTEST_REST
    after = [breaker.lets_probe() for _ in range(3)]

    assert (while_it_rests, after) == (False, [True, False, False])


def test_a_probe_that_succeeds_closes_it() -> None:
    clock = Seconds()
    breaker = opened(clock)
    clock.now += SHORTEST_REST
    breaker.lets_probe()

    breaker.succeeded(breaker.term)

    assert (breaker.is_closed, breaker.strain) == (True, 0)


def test_every_probe_that_fails_doubles_the_rest_up_to_a_limit() -> None:
    clock = Seconds()
    breaker = opened(clock)
    rests = [breaker.retry_after()]

    for _ in range(7):
        clock.now += rests[-1]
        breaker.lets_probe()
        breaker.failed(breaker.term)
        rests.append(breaker.retry_after())

    assert rests == [1, 2, 4, 8, 16, 30, 30, 30]


def test_after_it_has_closed_rests_are_short_again() -> None:
    clock = Seconds()
    breaker = opened(clock)
    for succeeds in (False, False, True):
        clock.now += LONGEST_REST
        breaker.lets_probe()
        (breaker.succeeded if succeeds else breaker.failed)(breaker.term)

    for _ in range(5):
        breaker.failed(breaker.term)

    assert breaker.retry_after() == SHORTEST_REST


def test_a_probe_that_tells_nothing_makes_place_for_the_next() -> None:
    clock = Seconds()
    breaker = opened(clock)
    clock.now += SHORTEST_REST
    breaker.lets_probe()

    breaker.learned_nothing(breaker.term)

    assert breaker.lets_probe()


def test_what_began_before_it_opened_neither_closes_nor_prolongs_it() -> None:
    clock = Seconds()
    breaker = Breaker(clock)
    long_ago = breaker.term
    for _ in range(5):
        breaker.failed(long_ago)
    clock.now += SHORTEST_REST
    breaker.lets_probe()

    breaker.succeeded(long_ago)
    breaker.failed(long_ago)
    breaker.learned_nothing(long_ago)

    assert breaker.state is State.HALF_OPEN


def test_clients_are_never_told_to_come_back_too_early() -> None:
    clock = Seconds()
    breaker = opened(clock)
    clock.now += SHORTEST_REST
    breaker.lets_probe()
    breaker.failed(breaker.term)

    clock.now += 0.7

    assert breaker.retry_after() == 2


MOVES = st.lists(st.tuples(st.sampled_from(["ask", "ok", "fail", "leave"]), st.floats(0, 40)))


@given(MOVES)
def test_whatever_happens_at_most_one_probe_is_on_its_way(
    moves: list[tuple[str, float]],
) -> None:
    """Also: it never rests for longer than half a minute, and a closed one refuses nobody."""
    clock = Seconds()
    breaker = opened(clock)
    probes: list[int] = []

    for move, seconds in moves:
        clock.now += seconds
        if move == "ask":
            if not breaker.is_closed and breaker.lets_probe():
                probes.append(breaker.term)
        elif probes:
            end = {
                "ok": breaker.succeeded,
                "fail": breaker.failed,
                "leave": breaker.learned_nothing,
            }
            end[move](probes.pop())
        assert len(probes) <= 1
        assert 1 <= breaker.retry_after() <= LONGEST_REST
        assert breaker.is_closed == (breaker.state is State.CLOSED)
        assert bool(probes) == (breaker.state is State.HALF_OPEN)
