"""When a service is left alone, and how it comes back: a circuit breaker without I/O.

Every failure strains it by two, every success relieves it by one: it opens after five failures in
a row, and when more than a third of a longer run fails. Nygard, "Release It!", chapter 5.
"""

import math
from collections.abc import Callable
from enum import StrEnum

FAILURE, SUCCESS, LIMIT = 2, 1, 10
SHORTEST_REST, LONGEST_REST = 1.0, 30.0
"""Seconds; doubled each time that the probe fails."""


class State(StrEnum):
    """Closed lets everybody pass, half-open one who goes and sees, open nobody."""

    CLOSED = "closed"
    HALF_OPEN = "half-open"
    OPEN = "open"


class Breaker:
    """One service's; `is_closed` and `strain` are all that a request costs while all is well."""

    def __init__(
        self,
        clock: Callable[[], float],
        *,
        on_change: Callable[[State], None] = lambda _state: None,
    ) -> None:
        self._clock = clock
        self._on_change = on_change
        self._rest = SHORTEST_REST
        self._rests_until = 0.0
        self.state = State.CLOSED
        self.is_closed = True
        self.strain = 0
        self.term = 0
        """Counts state changes: what began in another term tells nothing about this one."""

    def lets_probe(self) -> bool:
        """Whether this request may go and see, when the breaker is not closed: one at a time."""
        if self.state is State.OPEN and self._clock() >= self._rests_until:
            self._become(State.HALF_OPEN)
            return True
        return False

    def hurry(self) -> None:
        """End the rest now: what it was for is over."""
        self._rests_until = min(self._rests_until, self._clock())

    def retry_after(self) -> int:
        """Whole seconds, never shorter than the rest that is left."""
        return max(1, math.ceil(self._rests_until - self._clock()))

    def succeeded(self, term: int) -> None:
        if term != self.term:
            return
        if self.state is State.HALF_OPEN:
            self._rest = SHORTEST_REST
            self._become(State.CLOSED)
        elif self.strain:
            self.strain = max(0, self.strain - SUCCESS)

    def failed(self, term: int) -> None:
        if term != self.term:
            return
        if self.state is State.HALF_OPEN:
            self._rest = min(2 * self._rest, LONGEST_REST)
            self._open()
        elif self.state is State.CLOSED:
            self.strain += FAILURE
            if self.strain >= LIMIT:
                self._open()

    def learned_nothing(self, term: int) -> None:
        """The request ended for reasons of its own; if it was the probe, the next one is."""
        if term == self.term and self.state is State.HALF_OPEN:
            self._become(State.OPEN)

    def _open(self) -> None:
        self._rests_until = self._clock() + self._rest
        self._become(State.OPEN)

    def _become(self, state: State) -> None:
        self.state, self.is_closed, self.strain = state, state is State.CLOSED, 0
        self.term += 1
        self._on_change(state)
