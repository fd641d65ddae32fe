"""A clock that tests set."""

from datetime import UTC, datetime, timedelta

NOW = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
"""A Monday at noon; where a settable clock starts."""


class SettableClock:
    """A `stitch_common.clock.Clock` that stands still until it is told otherwise."""

    def __init__(self, at: datetime = NOW) -> None:
        self._at = at

    def __call__(self) -> datetime:
        return self._at

    def set(self, at: datetime) -> None:
        self._at = at

    def advance(self, by: timedelta) -> None:
        self._at += by
