"""Never more seats than there are, and nobody who fits is left waiting."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitch_events.rsvps.models import RSVPStatus
from stitch_events.seats.errors import EventFullError
from stitch_events.seats.rules import Seats, Waiting, promoted

SIZES = st.integers(1, 10)
QUEUES = st.lists(SIZES, max_size=30).map(
    lambda sizes: [Waiting(number, size) for number, size in enumerate(sizes)]
)


@given(capacity=st.integers(1, 50), sizes=st.lists(SIZES, max_size=60))
def test_parties_that_are_placed_never_take_more_seats_than_there_are(
    capacity: int, sizes: list[int]
) -> None:
    taken = 0

    for size in sizes:
        status = Seats(capacity, taken, has_waitlist=True).place(size)
        taken += size if status is RSVPStatus.ACCEPTED else 0

    assert taken <= capacity


@given(queue=QUEUES, left=st.integers(0, 40))
def test_promotion_seats_the_earliest_that_fit_and_leaves_nobody_who_fits(
    queue: list[Waiting], left: int
) -> None:
    chosen = promoted(queue, left)

    remaining = left - sum(party.party_size for party in chosen)
    assert remaining >= 0
    assert [party for party in queue if party in chosen] == chosen
    for place, party in enumerate(queue):
        if party not in chosen:
            before = sum(p.party_size for p in chosen if queue.index(p) < place)
            assert party.party_size > left - before


@given(queue=QUEUES)
def test_without_a_limit_everybody_moves_up(queue: list[Waiting]) -> None:
    assert promoted(queue, None) == queue


@given(capacity=st.integers(1, 20), holding=st.integers(1, 20), wanted=SIZES)
def test_a_party_that_can_not_grow_keeps_what_it_has(
    capacity: int, holding: int, wanted: int
) -> None:
    seats = Seats(capacity, taken=capacity, has_waitlist=True)

    if wanted <= holding:
        assert seats.place(wanted, holding=holding) is RSVPStatus.ACCEPTED
    else:
        with pytest.raises(EventFullError):
            seats.place(wanted, holding=holding)


def test_without_a_waitlist_a_full_event_refuses_and_says_what_is_left() -> None:
    with pytest.raises(EventFullError, match=r"Only 1 seat is left\.") as refused:
        Seats(5, taken=4, has_waitlist=False).place(2)

    assert refused.value.extra == {"seats_left": 1}
