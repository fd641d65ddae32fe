"""What an answer does to the seats of its event: a transition of both rows together."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from stitch_events.events.models import Event
from stitch_events.rsvps.models import RSVP, RSVPStatus
from stitch_events.seats.rules import Seats

WANTS_A_SEAT = frozenset({RSVPStatus.ACCEPTED, RSVPStatus.WAITLISTED})


class Placement:
    """Seats parties of one event or lets them wait; changes rows, and asks and tells nobody."""

    def __init__(self, event: Event, *, at: datetime) -> None:
        self._event = event
        self._at = at

    def place(self, newcomer: RSVP) -> None:
        """Seat a guest who is about to be inserted, or let them wait; EventFullError."""
        if newcomer.status == RSVPStatus.ACCEPTED:
            newcomer.status = self.seats().place(newcomer.guest_count)
            newcomer.queue_number = self._queue_number(newcomer, RSVPStatus(newcomer.status))
            self._event.seats_taken += newcomer.seats_held

    def settle(self, rsvp: RSVP, values: Mapping[str, Any]) -> list[str]:
        """Change an answer and the seats with it; gives the names of the fields that differed.

        Asking for a seat may end in the queue, or in EventFullError, and then nothing changes.
        """
        holding = rsvp.seats_held
        status = self._placed(rsvp, values, holding)
        number = self._queue_number(rsvp, status)
        changed = rsvp.change({**values, "status": status, "queue_number": number}, at=self._at)
        self._event.seats_taken += rsvp.seats_held - holding
        return [name for name in changed if name != "queue_number"]

    def seats(self, rsvp: RSVP | None = None) -> Seats:
        """The seats as they are; who waits already may go on, also where the queue was closed."""
        waits_already = rsvp is not None and rsvp.status == RSVPStatus.WAITLISTED
        return Seats(
            capacity=self._event.max_attendees,
            taken=self._event.seats_taken,
            has_waitlist=self._event.waitlist_enabled or waits_already,
        )

    def _placed(self, rsvp: RSVP, values: Mapping[str, Any], holding: int) -> RSVPStatus:
        wanted = RSVPStatus(values.get("status", rsvp.status))
        if wanted not in WANTS_A_SEAT:
            return wanted
        size = values.get("guest_count", rsvp.guest_count)
        return self.seats(rsvp).place(size, holding=holding)

    def _queue_number(self, rsvp: RSVP, status: RSVPStatus) -> int | None:
        """Keep the number of those who wait already; new ones go to the end."""
        if status is not RSVPStatus.WAITLISTED:
            return None
        if rsvp.queue_number is None:
            self._event.last_queue_number += 1
            return self._event.last_queue_number
        return rsvp.queue_number
