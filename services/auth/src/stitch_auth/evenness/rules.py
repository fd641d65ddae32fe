"""How long an answer waits."""

from datetime import timedelta
from math import ceil


def rest(elapsed: float, step: timedelta) -> float:
    """The seconds until a whole number of steps, at least one, is over."""
    seconds = step.total_seconds()
    return max(1, ceil(elapsed / seconds)) * seconds - elapsed if seconds else 0.0
