"""Time comes from a clock that is passed in, so that tests decide what time it is."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The time now, in UTC; the one place that asks the operating system."""
    return datetime.now(UTC)  # noqa: TID251 - this is the clock
