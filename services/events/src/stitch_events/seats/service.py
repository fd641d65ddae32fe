"""Giving, taking back and passing on the seats of an event, with every change of an answer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_common.bus.outbox import Outbox
from stitch_common.contracts.events import (
    RSVPCancelled,
    RSVPCreated,
    RSVPPromoted,
    RSVPUpdated,
)
from stitch_events.events.models import Event
from stitch_events.rsvps.models import RSVP, RSVPStatus
from stitch_events.seats.errors import EventFullError
from stitch_events.seats.models import Placement
from stitch_events.seats.repository import QueueRepository
from stitch_events.seats.rules import Waiting, promoted

__all__ = ["EventFullError", "Seating"]


class Seating:
    """The answers and seats of one event, whose row the caller's transaction has locked."""

    def __init__(self, session: AsyncSession, event: Event, *, at: datetime) -> None:
        self._queue = QueueRepository(session, event.id)
        self._outbox = Outbox(session)
        self._placement = Placement(event, at=at)
        self._event = event
        self._at = at

    def check_chance(self, party_size: int) -> None:
        """Refuse a party that could neither be seated nor wait, with EventFullError."""
        self._placement.seats().place(party_size)

    def place(self, newcomer: RSVP) -> None:
        """Seat a guest who is about to be inserted, or let them wait; EventFullError."""
        self._placement.place(newcomer)

    async def announce(self, newcomer: RSVP, *, confirm_by_mail: bool) -> None:
        """Tell that somebody has come onto the list, or asks for their link again."""
        about = await self._about(newcomer)
        self._outbox.add(RSVPCreated(**about, confirm_by_mail=confirm_by_mail))

    async def settle(self, rsvp: RSVP, values: Mapping[str, Any], *, by_guest: bool) -> None:
        """Change an answer and the seats with it; what is the same already changes nothing.

        Asking for a seat may end in the queue, or in EventFullError. Seats that become free go to
        those who wait.
        """
        previous = rsvp.status
        taken = self._event.seats_taken
        changed = self._placement.settle(rsvp, values)
        if changed:
            about = await self._about(rsvp)
            self._outbox.add(
                RSVPUpdated(**about, previous_status=previous, changed=changed, by_guest=by_guest)
            )
        if self._event.seats_taken < taken:
            await self.promote()

    async def release(self, rsvp: RSVP) -> None:
        """Take a guest off the list and pass their seats on."""
        previous, holding = rsvp.status, rsvp.seats_held
        rsvp.take_off_the_list(at=self._at)
        self._event.seats_taken -= holding
        self._outbox.add(RSVPCancelled(**await self._about(rsvp), previous_status=previous))
        if holding:
            await self.promote()

    async def promote(self) -> None:
        """Seat the earliest parties that fit, and tell each of them; none once it is over."""
        if not self._event.hands_out_seats(at=self._at):
            return
        reached = 0
        while candidates := await self._next_candidates(reached):
            reached = candidates[-1].queue_number or reached
            by_id = {rsvp.id: rsvp for rsvp in candidates}
            queue = [Waiting(rsvp.id, rsvp.guest_count) for rsvp in candidates]
            for party in promoted(queue, self._placement.seats().left):
                await self._promote(by_id[party.rsvp_id])

    async def position(self, rsvp: RSVP) -> int | None:
        """Tell where a guest stands in the queue, from 1; None if they do not wait."""
        return await self._queue.position(rsvp)

    async def _next_candidates(self, reached: int) -> list[RSVP]:
        left = self._placement.seats().left
        if left == 0:
            return []
        return await self._queue.waiting(after=reached, fitting=left)

    async def _promote(self, rsvp: RSVP) -> None:
        previous = rsvp.status
        rsvp.change({"status": RSVPStatus.ACCEPTED, "queue_number": None}, at=self._at)
        self._event.seats_taken += rsvp.guest_count
        about = await self._about(rsvp)
        if self._event.is_published:
            self._outbox.add(RSVPPromoted(**about))
        else:  # nobody has heard of a draft, and nobody is told of a seat
            answer = {"previous_status": previous, "changed": ["status"], "by_guest": False}
            self._outbox.add(RSVPUpdated(**about, **answer))

    async def _about(self, rsvp: RSVP) -> dict[str, Any]:
        state = rsvp.state(self._event, await self.position(rsvp))
        return {"rsvp_id": rsvp.id, "version": rsvp.version, "at": self._at, "rsvp": state}
