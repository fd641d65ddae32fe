"""A sliding window in one number: twenty buckets a window, so that one addition counts exactly.

A JetStream counter is an integer of any size (ADR-49). Each epoch is as long as three windows and
has a counter of its own, whose number holds the counts of its buckets side by side. It tells what
was counted in each bucket of the window, in the order of the broker; near its beginning together
with the counter of the epoch before.
"""

from collections.abc import Sequence
from typing import NamedTuple

from stitch_common.limits.models import Verdict

WINDOW = 20
"""Buckets of a window: nobody waits more than a twentieth of it too long."""
BUCKETS = 3 * WINDOW
"""Of an epoch: the more, the more seldom the one before is read, and the longer is the number."""
BITS = 24
_MASK = (1 << BITS) - 1
_TOO_MANY = 1 << (BITS - 1)


class Place(NamedTuple):
    """Where a moment is."""

    epoch: int
    bucket: int
    elapsed: float
    """Seconds since this bucket began."""

    @property
    def looks_back(self) -> bool:
        """Whether the window that ends here began in the epoch before."""
        return self.bucket < WINDOW


def place_of(at: float, seconds: float) -> Place:
    """The bucket of a moment, for windows of so many seconds."""
    epoch = int(at // (seconds * BUCKETS / WINDOW))
    since = at - epoch * (seconds * BUCKETS / WINDOW)
    bucket = min(BUCKETS - 1, int(since * WINDOW / seconds))
    return Place(epoch, bucket, since - bucket * seconds / WINDOW)


def one_in(bucket: int) -> int:
    """What to add to count one."""
    return 1 << (BITS * bucket)


def counts_until(place: Place, current: int, earlier: int) -> list[int]:
    """The counts of a window's buckets up to this one, and of some before them."""
    counts = _counts(current, max(0, place.bucket - 2 * WINDOW), place.bucket + 1)
    if place.looks_back:
        return [*_counts(earlier, BUCKETS - WINDOW, BUCKETS), *counts]
    return counts


def _counts(number: int, first: int, end: int) -> list[int]:
    """The counts of these buckets of an epoch.

    Where the broker has lost a counter, taking back what it had counted leaves nonsense: that is
    nothing.
    """
    if number <= 0:
        return [0] * (end - first)
    found = [(number >> (BITS * bucket)) & _MASK for bucket in range(first, end)]
    return [count if count < _TOO_MANY else 0 for count in found]


def judge(counts: Sequence[int], most: int, *, seconds: float, elapsed: float) -> Verdict:
    """What becomes of the last one that was counted in the last of these buckets.

    A bucket counts until all of it is older than the window: never too many, in whatever stretch.
    """
    kept = counts if sum(counts) <= most else _admitted(counts, most)
    window = kept[-WINDOW - 1 :]
    room = most - sum(window[:-1])
    ages = range(len(window) - 1, -1, -1)
    oldest = next((age for age, count in zip(ages, window, strict=True) if count), 0)
    return Verdict(
        is_admitted=counts[-1] <= room,
        remaining=room - window[-1],
        wait=(WINDOW + 1 - oldest) * seconds / WINDOW - elapsed,
        is_shared=True,
    )


def _admitted(counts: Sequence[int], most: int) -> list[int]:
    """How many of each bucket were: all processes see the same counts, so they agree."""
    kept: list[int] = []
    for count in counts:
        kept.append(min(count, most - sum(kept[-WINDOW:])))
    return kept
