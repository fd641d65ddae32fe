"""Who gets a seat, who waits, and who moves up: pure decisions over numbers."""

from collections.abc import Iterable
from dataclasses import dataclass

from stitch_events.rsvps.models import RSVPStatus
from stitch_events.seats.errors import EventFullError


@dataclass(frozen=True, slots=True)
class Seats:
    """The seats of one event at one moment; a capacity of None has no end."""

    capacity: int | None
    taken: int
    has_waitlist: bool

    @property
    def left(self) -> int | None:
        return None if self.capacity is None else max(self.capacity - self.taken, 0)

    def fit(self, party_size: int, *, holding: int = 0) -> bool:
        """Whether a party fits that gives back what it holds."""
        return self.left is None or party_size <= self.left + holding

    def place(self, party_size: int, *, holding: int = 0) -> RSVPStatus:
        """Seat a party, or let it wait; EventFullError where it can't, and nothing changes.

        A party that grows beyond what is left keeps the seats it has rather than losing them.
        """
        if self.fit(party_size, holding=holding):
            return RSVPStatus.ACCEPTED
        if self.has_waitlist and not holding:
            return RSVPStatus.WAITLISTED
        raise EventFullError.with_left(self.left or 0)


@dataclass(frozen=True, slots=True)
class Waiting:
    """A party in the queue."""

    rsvp_id: int
    party_size: int


def promoted(queue: Iterable[Waiting], left: int | None) -> list[Waiting]:
    """The earliest parties that fit: in order, passing over those too large for what remains."""
    chosen = []
    for party in queue:
        if left is None:
            chosen.append(party)
        elif party.party_size <= left:
            chosen.append(party)
            left -= party.party_size
    return chosen
