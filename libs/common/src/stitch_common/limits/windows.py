"""A sliding window in one number: twenty buckets an epoch, so that one addition counts exactly.

A JetStream counter is an integer of any size (ADR-49). Each epoch is as long as the window and has
a counter of its own, whose number holds the counts of its buckets side by side. The counters of two
epochs together tell what was counted in each bucket of the window, in the order of the broker.
"""

from collections.abc import Sequence
from typing import NamedTuple

from stitch_common.limits.models import Verdict

BUCKETS = 20
"""Of a window: nobody waits more than a twentieth of it too long."""
BITS = 24
_MASK = (1 << BITS) - 1
_TOO_MANY = 1 << (BITS - 1)


class Place(NamedTuple):
    """Where a moment is."""

    epoch: int
    bucket: int
    elapsed: float
    """Seconds since the epoch before this one began."""


def place_of(at: float, seconds: float) -> Place:
    """The bucket of a moment, for windows of so many seconds."""
    epoch = int(at // seconds)
    elapsed = at - epoch * seconds
    bucket = min(BUCKETS - 1, int(elapsed * BUCKETS / seconds))
    return Place(epoch, bucket, elapsed + seconds)


def one_in(bucket: int) -> int:
    """What to add to count one."""
    return 1 << (BITS * bucket)


def counts_of(number: int) -> list[int]:
    """The counts of an epoch's buckets.

    Where the broker has lost a counter, taking back what it had counted leaves nonsense: that is
    nothing.
    """
    found = [(number >> (BITS * bucket)) & _MASK for bucket in range(BUCKETS)] if number > 0 else []
    counts = [count if count < _TOO_MANY else 0 for count in found]
    return counts or [0] * BUCKETS


def judge(counts: Sequence[int], most: int, *, seconds: float, elapsed: float) -> Verdict:
    """What becomes of the last one that was counted in the last of these buckets.

    All processes see the same counts in the same order, so they agree on how many of each bucket
    were admitted. A bucket counts until all of it is older than the window: never too many, in
    whatever stretch.
    """
    kept: list[int] = []
    used = room = 0
    for index, count in enumerate(counts):
        if index > BUCKETS:
            used -= kept[index - BUCKETS - 1]
        room = most - used
        kept.append(min(count, room))
        used += kept[-1]
    first = max(0, len(kept) - BUCKETS - 1)
    oldest = next((at for at in range(first, len(kept)) if kept[at]), len(kept) - 1)
    return Verdict(
        is_admitted=counts[-1] <= room,
        remaining=most - used,
        wait=(oldest + BUCKETS + 1) * seconds / BUCKETS - elapsed,
        is_shared=True,
    )
