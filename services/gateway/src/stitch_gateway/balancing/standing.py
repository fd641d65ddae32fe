"""How an address has done lately, and when it is passed over for a while.

Outlier detection without I/O: an address is compared with nothing but its own last answers.
"""

from dataclasses import dataclass

FAILURES, REFUSALS = 5, 2
"""In a row until an address is passed over: of any kind, and of connections."""
SHORTEST_PAUSE, LONGEST_PAUSE = 2.0, 120.0
"""Seconds; doubled each time that an address is passed over again."""
FORGIVEN_AFTER = 300.0
"""Seconds of good standing until the next pause is the shortest again."""


@dataclass(slots=True)
class Standing:
    """One address's."""

    failures: int = 0
    """Since the last success."""
    refusals: int = 0
    """Connections that did not come about, since the last one that did."""
    pauses: int = 0
    returned_at: float = 0.0

    def succeeded(self) -> None:
        self.failures = self.refusals = 0

    def failed(self, *, to_connect: bool) -> None:
        self.failures += 1
        self.refusals = self.refusals + 1 if to_connect else 0

    def is_poor(self) -> bool:
        return self.failures >= FAILURES or self.refusals >= REFUSALS

    def is_away(self) -> bool:
        """Nobody listens there: no load that others must carry would be saved by asking it."""
        return self.refusals >= REFUSALS

    def pause(self, now: float) -> float:
        """How long to pass it over, from now."""
        if self.pauses and now - self.returned_at > FORGIVEN_AFTER:
            self.pauses = 0
        length = min(SHORTEST_PAUSE * 2.0 ** min(self.pauses, 16), LONGEST_PAUSE)
        self.pauses += 1
        return length

    def returned(self, now: float) -> None:
        self.returned_at = now
        self.succeeded()


def may_pass_over(*, asked: int, all_of_them: int, is_away: bool) -> bool:
    """Whether one more of the `asked` addresses may be left out.

    Those that fail although they listen may be overloaded: at most half of them are left out, or
    the others would follow. The last one never is.
    """
    left = asked - 1
    return left >= 1 if is_away else left >= 1 and 2 * left >= all_of_them
