"""How often requests may be sent again, so that a service in trouble is not asked twice as much.

A token bucket as in Finagle's RetryBudget: each request pays in a fifth of a retry.
"""

from collections.abc import Callable

SHARE = 0.2
AT_LEAST_EACH_SECOND = 1.0
"""A quiet service may be asked again as well."""
MOST_SAVED = 20.0


class RetryBudget:
    """One service's; a request that needs no second try costs it one addition."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._balanced_at = clock()
        self._saved = MOST_SAVED
        self.asked = 0
        """First tries since the last balance; whoever makes one adds it here."""

    def spend(self) -> bool:
        """Whether there may be another try now."""
        now = self._clock()
        earned = self.asked * SHARE + (now - self._balanced_at) * AT_LEAST_EACH_SECOND
        self._saved = min(MOST_SAVED, self._saved + earned)
        self.asked, self._balanced_at = 0, now
        if self._saved < 1:
            return False
        self._saved -= 1
        return True
