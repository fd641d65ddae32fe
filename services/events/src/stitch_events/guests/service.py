"""What editors do with the guest list, and the invitations that notifications asks for."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_common.bus.inbox import Inbox, Received
from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts.events import GuestInvited, InvitationsRefused
from stitch_common.contracts.notifications import InvitationsRequested
from stitch_common.database import Database
from stitch_common.http.lists import Cursors, Page
from stitch_events.db import Listed
from stitch_events.events.models import Event, EventStatus
from stitch_events.events.service import EventNotFoundError
from stitch_events.guests.repository import GuestLists, GuestRepository
from stitch_events.guests.schemas import EditorStatus, GuestChange, GuestFilters, NewGuest
from stitch_events.rsvps.models import APPROVED, REJECTED, RSVP, RSVPStatus
from stitch_events.rsvps.service import (
    EventCancelledError,
    EventNotOpenError,
    NothingToApproveError,
    RSVPView,
    fitted,
)
from stitch_events.seats.service import Seating

SHOWN_WITH_EVENT = 1000
ALREADY_INVITED = "already-invited"
NOTHING_KNOWN: dict[str, Any] = {"party": [], "answers": {}}


class GuestService:
    """The organiser's side of the guest list."""

    def __init__(self, database: Database, clock: Clock, cursors: Cursors) -> None:
        self._database = database
        self._clock = clock
        self._lists = GuestLists(database, cursors)

    async def listed(self, filters: GuestFilters, page: Page) -> Listed:
        return await self._lists.page(filters, page)

    async def newest(self, event_id: int) -> str:
        """The newest guests of an event as JSON, as many as are shown beside it."""
        page = Page(limit=SHOWN_WITH_EVENT, skip=0, cursor=None, count=False)
        return (await self.listed(GuestFilters(event_id=event_id), page)).json

    async def get(self, rsvp_id: int, *, of: int) -> RSVPView:
        async with self._database.reading() as session:
            rsvp, event = await GuestRepository(session).get(of, rsvp_id)
            position = await Seating(session, event, at=self._clock()).position(rsvp)
        return RSVPView.of(rsvp, position)

    async def add(self, event_id: int, guest: NewGuest) -> RSVPView:
        """Put somebody on the list; they take their seat at once, or wait if there is none."""
        now = self._clock()
        async with self._database.transaction() as session:
            event = await GuestRepository(session).lock_event(event_id)
            if event.status == EventStatus.CANCELLED:
                raise EventCancelledError
            rsvp = _newcomer(event, guest, at=now)
            seating = Seating(session, event, at=now)
            seating.place(rsvp)
            await GuestRepository(session).add(rsvp)
            await seating.announce(rsvp, confirm_by_mail=False)
            return RSVPView.of(rsvp, await seating.position(rsvp))

    async def change(
        self, rsvp_id: int, change: GuestChange, *, of: int | None = None, expected: int | None
    ) -> RSVPView:
        """Change a guest as an editor: also after the deadline, and without approval."""
        async with self._managing(rsvp_id, of=of) as managed:
            rsvp = managed.rsvp
            rsvp.expect(expected)
            known = {"party": rsvp.party, "answers": rsvp.answers}
            values = fitted(change.values(), managed.event, known=known, complete=False)
            if change.status is not None:
                values |= _decided(rsvp, change.status, at=self._clock())
            return await managed.settle(values)

    async def remove(self, rsvp_id: int, *, of: int, expected: int | None) -> None:
        """Take a guest off the list; their seats go to those who wait, their link ends."""
        async with self._managing(rsvp_id, of=of) as managed:
            managed.rsvp.expect(expected)
            await managed.seating.release(managed.rsvp)

    async def approve(self, rsvp_id: int, *, of: int) -> RSVPView:
        """Grant a seat to somebody who registered; before they have confirmed, grant it ahead."""
        async with self._managing(rsvp_id, of=of) as managed:
            asks = managed.rsvp.awaits_approval
            managed.check_undecided()
            status = {"status": RSVPStatus.ACCEPTED} if asks else {}
            return await managed.settle({"approval": APPROVED, **status})

    async def reject(self, rsvp_id: int, *, of: int) -> RSVPView:
        async with self._managing(rsvp_id, of=of) as managed:
            asks = managed.rsvp.awaits_approval
            managed.check_undecided()
            status = {"status": RSVPStatus.DECLINED} if asks else {}
            return await managed.settle({"approval": REJECTED, **status})

    async def rotate_link(self, rsvp_id: int, *, of: int) -> RSVPView:
        """Make the links that were mailed to a guest so far worthless; they get a new one."""
        async with self._managing(rsvp_id, of=of) as managed:
            return await managed.settle({"link_version": managed.rsvp.link_version + 1})

    async def invite(self, request: InvitationsRequested, received: Received) -> None:
        """Make guests of these people, once; those who are due an invitation get one.

        Who asked is told how many are not: while the request was under way the event may have
        been cancelled, or somebody else may have invited the same people.
        """
        now = self._clock()
        async with self._database.transaction() as session:
            if not await Inbox(session).admit(received):
                return
            invited, refusal = await self._invite(session, request, at=now)
            outbox = Outbox(session)
            for fact in invited:
                outbox.add(fact)
            if refused := len(request.recipients) - len(invited):
                outbox.add(_refusal(request, refused, refusal, at=now))

    async def _invite(
        self, session: AsyncSession, request: InvitationsRequested, *, at: datetime
    ) -> tuple[list[GuestInvited], str]:
        """Give the invitations, and why the others got none."""
        guests = GuestRepository(session)
        try:
            # Locked, because inviting known guests locks their rows: the event's comes first.
            event = await guests.lock_event(request.event_id)
        except EventNotFoundError as error:
            return [], error.code
        if event.status != EventStatus.PUBLISHED:
            return [], EventNotOpenError.code
        invited = await guests.invite(
            event.id,
            emails=[recipient.email for recipient in request.recipients],
            names=[recipient.name for recipient in request.recipients],
            resend=request.resend,
            at=at,
        )
        return [_invitation(rsvp, event, request, at=at) for rsvp in invited], ALREADY_INVITED

    @asynccontextmanager
    async def _managing(self, rsvp_id: int, *, of: int | None) -> AsyncGenerator["_Managed"]:
        """One transaction over one guest, whose event is locked first, as everywhere."""
        async with self._database.transaction() as session:
            guests = GuestRepository(session)
            event = await guests.lock_event(of or await guests.get_event_of(rsvp_id))
            rsvp = await guests.lock(event, rsvp_id)
            yield _Managed(rsvp, event, Seating(session, event, at=self._clock()))


@dataclass(frozen=True, slots=True)
class _Managed:
    """A guest in an editor's hands."""

    rsvp: RSVP
    event: Event
    seating: Seating

    async def settle(self, values: Mapping[str, Any]) -> RSVPView:
        await self.seating.settle(self.rsvp, values, by_guest=False)
        return RSVPView.of(self.rsvp, await self.seating.position(self.rsvp))

    def check_undecided(self) -> None:
        asks = self.rsvp.awaits_approval or self.rsvp.needs_confirmation
        if not asks or self.rsvp.approval is not None:
            raise NothingToApproveError


def _newcomer(event: Event, guest: NewGuest, *, at: datetime) -> RSVP:
    values = fitted(guest.values(), event, known=NOTHING_KNOWN, complete=False)
    status = RSVPStatus(guest.status)
    fields = {"guest_count": 1, "queue_number": None, **values, "status": status}
    return RSVP(
        **fields,
        event_id=event.id,
        source="editor",
        approval=APPROVED,
        responded_at=None if status is RSVPStatus.PENDING else at,
        created_at=at,
        updated_at=at,
    )


def _decided(rsvp: RSVP, status: EditorStatus, *, at: datetime) -> dict[str, Any]:
    """What an editor's word also means: it answers for the guest, and needs no approval."""
    if status is EditorStatus.PENDING:
        return {"responded_at": None}
    return {"responded_at": rsvp.responded_at or at, "approval": APPROVED}


def _refusal(
    request: InvitationsRequested, refused: int, reason: str, *, at: datetime
) -> InvitationsRefused:
    return InvitationsRefused(
        batch_id=request.batch_id,
        part=request.part,
        event_id=request.event_id,
        refused=refused,
        reason=reason,
        at=at,
    )


def _invitation(
    rsvp: RSVP, event: Event, request: InvitationsRequested, *, at: datetime
) -> GuestInvited:
    return GuestInvited(
        rsvp_id=rsvp.id,
        version=rsvp.version,
        at=at,
        rsvp=rsvp.state(event, None),
        batch_id=request.batch_id,
        template_id=request.template_id,
        invitation=rsvp.invitation,
    )
