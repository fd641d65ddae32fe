"""Limits that each process keeps for itself: no suspension, no growth, less than a microsecond."""

from collections.abc import Callable
from typing import Generic, TypeVar

from stitch_common.limits.models import Limit, Verdict

MOST_REMEMBERED = 20_000
ROUNDING = 1e-6
"""Of an interval; so that sixty seconds hold sixty of its sixtieths."""

V = TypeVar("V")

Seconds = Callable[[], float]
"""A clock that only goes on, such as `time.monotonic`."""


class Recent(Generic[V]):
    """What was put last, of at most twice `most` keys: of two halves the older one goes."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._younger: dict[str, V] = {}
        self._older: dict[str, V] = {}

    def get(self, key: str, otherwise: V) -> V:
        found = self._younger.get(key)
        return self._older.get(key, otherwise) if found is None else found

    def put(self, key: str, value: V) -> None:
        self._younger[key] = value
        if len(self._younger) > self._most:
            self._older, self._younger = self._younger, {}

    def forget(self, key: str) -> None:
        self._younger.pop(key, None)
        self._older.pop(key, None)

    def __len__(self) -> int:
        return len(self._younger) + len(self._older)


class LocalCounter:
    """Admits at once what a limit says, and then one whenever its share of the window is over.

    The generic cell rate algorithm: of each key nothing is kept but when its quota is whole again.
    """

    def __init__(
        self, limit: Limit, seconds: Seconds, *, most_remembered: int = MOST_REMEMBERED
    ) -> None:
        self._seconds = seconds
        self._window = limit.seconds
        self._interval = limit.seconds / limit.most
        self.whole_at: Recent[float] = Recent(most_remembered)

    def hit(self, key: str) -> Verdict:
        """Count one for this key; a refusal counts nothing."""
        now, interval = self._seconds(), self._interval
        used = self.whole_at.get(key, now) - now
        if used <= 0:
            used = 0.0
        room = int((self._window - used) / interval + ROUNDING)
        if room < 1:
            self.whole_at.put(key, now + used)  # who goes on is remembered
            return Verdict(False, 0, used + interval - self._window)
        used += interval
        self.whole_at.put(key, now + used)
        return Verdict(True, room - 1, used + room * interval - self._window)
