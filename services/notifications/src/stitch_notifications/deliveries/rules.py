"""Which mail is due when, and how urgent it is: decisions without I/O."""

from enum import StrEnum

from stitch_common.contracts.events import RSVPUpdated


class Status(StrEnum):
    """Where a mail is."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    FAILED = "failed"
    BOUNCED = "bounced"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"


WAITING = frozenset({Status.PENDING, Status.DEFERRED})
DUE_STATES = frozenset({*WAITING, Status.SENDING})
"""A mail that is being sent falls due again when its sender's lease ends."""

ACTIVE_ANSWERS = frozenset({"pending", "accepted", "maybe", "waitlisted"})
"""Guests who have not said no: they are told what happens to the event."""


def calls_for_confirmation(fact: RSVPUpdated) -> bool:
    """A guest's own new answer is confirmed; a repeated one has changed nothing."""
    return fact.by_guest and bool(fact.changed)
