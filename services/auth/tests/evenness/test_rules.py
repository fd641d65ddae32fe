"""Only whole steps show."""

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from stitch_auth.evenness.rules import rest

STEP = timedelta(milliseconds=200)


@given(st.floats(min_value=0, max_value=10))
def test_an_answer_comes_after_a_whole_number_of_steps_and_never_a_whole_one_late(
    elapsed: float,
) -> None:
    steps = (elapsed + rest(elapsed, STEP)) / 0.2

    assert abs(steps - round(steps)) < 1e-6
    assert round(steps) >= 1
    assert 0 <= rest(elapsed, STEP) <= 0.2


@given(st.floats(min_value=0, max_value=10))
def test_without_a_step_nobody_waits(elapsed: float) -> None:
    assert rest(elapsed, timedelta(0)) == 0
