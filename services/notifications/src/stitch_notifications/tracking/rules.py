"""What an unsubscribe link is about."""

from dataclasses import dataclass
from enum import StrEnum


class Scope(StrEnum):
    """What somebody wants no more mail about."""

    EVENT = "event"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Subscription:
    """What an unsubscribe link is about."""

    address: str
    event_id: int
    event_title: str
    unwanted: Scope | None
    """What the recipient wants no more mail about, if anything."""
