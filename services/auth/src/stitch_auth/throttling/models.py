"""Tries that were counted."""

from collections.abc import Sequence
from dataclasses import dataclass

from stitch_common.limits.counters import Hit
from stitch_common.limits.models import Verdict


@dataclass(frozen=True, slots=True)
class Attempt:
    """A log-in that may be tried."""

    most_failures: int
    """After so many failures of this account in a row it is not tried: known devices have more."""
    forgivable: Sequence[tuple[Hit, Verdict]]
    """What it was counted as; a log-in that succeeds takes it back, and what came before."""
