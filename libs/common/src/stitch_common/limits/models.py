"""How often something may be done, and what became of one try."""

import re
from dataclasses import dataclass, field, replace
from datetime import timedelta
from math import ceil
from typing import NamedTuple

NAME = re.compile(r"[a-z][a-z0-9-]*")
MOST = 1 << 22
"""More than that a bucket of a shared counter does not hold in safety."""
LONGEST = timedelta(hours=12)
"""The broker keeps a counter for a day, and a window looks back into the epoch before."""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many within any stretch of so long."""

    name: str
    """A word of metrics, subjects and headers: `log-in`."""
    most: int
    window: timedelta
    most_alone: int = 0
    """What one process admits by itself while NATS is away; unset: half, but one at least."""
    seconds: float = field(init=False)
    policy: str = field(init=False)
    """The `RateLimit-Policy` of this limit."""

    def __post_init__(self) -> None:
        is_sound = 0 < self.most <= MOST and timedelta(0) < self.window <= LONGEST
        if not is_sound or not NAME.fullmatch(self.name):
            raise ValueError(f"no limit: {self.name!r}, {self.most} in {self.window}")
        seconds = self.window.total_seconds()
        object.__setattr__(self, "most_alone", self.most_alone or max(1, self.most // 2))
        object.__setattr__(self, "seconds", seconds)
        object.__setattr__(self, "policy", f'"{self.name}";q={self.most};w={ceil(seconds)}')

    def alone(self) -> "Limit":
        """The same for a process by itself."""
        return replace(self, most=self.most_alone)


class Verdict(NamedTuple):
    """Whether this one was still within the limit, and how much is left."""

    is_admitted: bool
    remaining: int
    wait: float
    """Seconds until more is left than now; never shorter than the truth."""
    is_shared: bool = False
    """Whether all processes were counted, or this one alone."""

    @property
    def whole_seconds(self) -> int:
        """The wait as headers tell it."""
        return max(1, ceil(self.wait))
