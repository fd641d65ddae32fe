"""Tries that were counted."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Attempt:
    """A log-in that may be tried."""

    most_failures: int
    """After so many failures of this account in a row it is not tried: known devices have more."""
    forgivable: str | None
    """The key of what a log-in that succeeds takes back; None if nothing was counted before it."""
