"""Limits that each process keeps for itself: no suspension, no growth, a microsecond or two."""

from typing import Generic, TypeVar

from stitch_common.clock import Clock
from stitch_common.limits.models import Limit, Verdict

MOST_REMEMBERED = 50_000
ROUNDING = 1e-6
"""Of an interval; so that sixty seconds hold sixty of its sixtieths."""

V = TypeVar("V")
Key = tuple[str, str]
"""The name of a limit, and who or what is limited by it."""


class Recent(Generic[V]):
    """What was put last, of at most twice `most` keys: of two halves the older one goes."""

    def __init__(self, most: int = MOST_REMEMBERED) -> None:
        self._most = most
        self._younger: dict[Key, V] = {}
        self._older: dict[Key, V] = {}

    def get(self, key: Key) -> V | None:
        found = self._younger.get(key)
        return self._older.get(key) if found is None else found

    def put(self, key: Key, value: V) -> None:
        self._younger[key] = value
        if len(self._younger) > self._most:
            self._older, self._younger = self._younger, {}

    def forget(self, key: Key) -> None:
        self._younger.pop(key, None)
        self._older.pop(key, None)

    def __len__(self) -> int:
        return len(self._younger) + len(self._older)


class LocalCounters:
    """Admits at once what the limit says, and then one whenever its share of the window is over.

    The generic cell rate algorithm: of each key nothing is kept but when its quota is whole again.
    """

    def __init__(self, clock: Clock, *, most_remembered: int = MOST_REMEMBERED) -> None:
        self._clock = clock
        self._whole_at: Recent[float] = Recent(most_remembered)

    def hit(self, limit: Limit, key: str) -> Verdict:
        """Count one for this key; a refusal counts nothing."""
        return self._hit(limit.name, limit.seconds, limit.most, key)

    def hit_alone(self, limit: Limit, key: str) -> Verdict:
        """Count one against what a process admits that is left alone with a shared limit."""
        return self._hit(limit.name, limit.seconds, limit.most_alone, key)

    def forget(self, limit: Limit, key: str) -> None:
        self._whole_at.forget((limit.name, key))

    def __len__(self) -> int:
        return len(self._whole_at)

    def _hit(self, name: str, seconds: float, most: int, key: str) -> Verdict:
        now, interval, slot = self._clock().timestamp(), seconds / most, (name, key)
        whole_at = self._whole_at.get(slot)
        used = 0.0 if whole_at is None or whole_at < now else whole_at - now
        room = int((seconds - used) / interval + ROUNDING)
        if room < 1:
            self._whole_at.put(slot, now + used)  # who goes on is remembered
            return Verdict(is_admitted=False, remaining=0, wait=used + interval - seconds)
        used += interval
        self._whole_at.put(slot, now + used)
        return Verdict(is_admitted=True, remaining=room - 1, wait=used + room * interval - seconds)
