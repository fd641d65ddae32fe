"""What guests do: register, look, answer, withdraw."""

from dataclasses import replace
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_common.clock import Clock
from stitch_common.context import before_commit
from stitch_common.contracts.events import RSVPUpdated
from stitch_common.database import Database
from stitch_common.security.links import InvalidLinkError, Link, LinkSigner
from stitch_events.events.models import Event
from stitch_events.events.service import EventNotFoundError, PublicEvent
from stitch_events.rsvps.errors import (
    EventCancelledError,
    EventNotOpenError,
    GuestExistsError,
    GuestTokenError,
    NothingToApproveError,
    RSVPClosedError,
    RSVPNotFoundError,
    RSVPRejectedError,
)
from stitch_events.rsvps.models import RSVP
from stitch_events.rsvps.repository import AnswerRepository, RSVPRepository, Standing
from stitch_events.rsvps.rules import (
    LINK_MAILED_AT_MOST_EVERY,
    check_open,
    fitted,
    read_credentials,
)
from stitch_events.rsvps.schemas import (
    GuestRSVP,
    Registered,
    Registration,
    RSVPAnswer,
    RSVPFields,
    RSVPView,
)
from stitch_events.seats.models import Placement
from stitch_events.seats.service import EventFullError, Seating

__all__ = [
    "EventCancelledError",
    "EventFullError",
    "EventNotFoundError",
    "EventNotOpenError",
    "GuestExistsError",
    "GuestRSVP",
    "GuestTokenError",
    "NothingToApproveError",
    "RSVPAnswer",
    "RSVPClosedError",
    "RSVPFields",
    "RSVPNotFoundError",
    "RSVPRejectedError",
    "RSVPService",
    "RSVPView",
    "Registered",
    "Registration",
    "fitted",
    "read_credentials",
]

PURPOSE = "rsvp"
NOTHING_KNOWN: dict[str, Any] = {"party": [], "answers": {}}


class RSVPService:
    """The guest's side; a guest is whoever holds the token of their mailed link."""

    def __init__(self, database: Database, clock: Clock, links: LinkSigner) -> None:
        self._database = database
        self._answers = AnswerRepository(database)
        self._clock = clock
        self._links = links

    async def register(self, event: int | str, registration: Registration) -> None:
        """Note that somebody asks to come, and have their link mailed.

        To the caller a known address looks like a new one. No seat is taken before the link is
        used, so nobody fills an event with addresses of others.
        """
        now = self._clock()
        every = LINK_MAILED_AT_MOST_EVERY
        async with self._database.transaction() as session:
            repository = RSVPRepository(session)
            wanted = await repository.get_event(event)
            check_open(wanted.status, wanted.answer_until, at=now)
            values = fitted(registration.values(), wanted, known=NOTHING_KNOWN, complete=True)
            seating = Seating(session, wanted, at=now)
            seating.check_chance(registration.guest_count)
            rsvp = await repository.register(wanted.id, values, at=now, every=every)
            if rsvp is not None:
                await seating.announce(rsvp, confirm_by_mail=True)

    async def get(self, token: str) -> GuestRSVP:
        """Show a guest their answer; looking changes nothing."""
        return self._view(await self._find(self._verified(token)))

    async def get_with_event(self, token: str) -> tuple[RSVP, Event]:
        """Copies of the rows behind a guest's link, for other slices to read."""
        standing = await self._find(self._verified(token))
        return standing.rsvp, standing.event

    async def respond(
        self, token: str, answer: RSVPAnswer, *, expected: int | None = None
    ) -> GuestRSVP:
        """Record a guest's answer; repeating the same answer changes nothing."""
        return self._view(await self._respond(self._verified(token), answer, expected))

    async def respond_to(
        self, rsvp_id: int, token: str, answer: RSVPAnswer, *, expected: int | None
    ) -> RSVPView:
        """Do the same by the old path; whatever is wrong with the token, there is nothing here."""
        try:
            link = self._verified(token)
            if link.id != rsvp_id:
                raise RSVPNotFoundError
            standing = await self._respond(link, answer, expected)
        except GuestTokenError:
            raise RSVPNotFoundError from None
        return RSVPView.of(standing.rsvp, standing.position)

    async def withdraw(self, token: str, *, expected: int | None) -> None:
        """Take the guest off the list; their link ends with it."""
        link = self._verified(token)
        now = self._clock()
        async with self._database.transaction() as session:
            rsvp, event = await self._lock(session, link)
            rsvp.expect(expected)
            check_open(event.status, event.answer_until, at=now)
            await Seating(session, event, at=now).release(rsvp)

    async def _respond(self, link: Link, answer: RSVPAnswer, expected: int | None) -> Standing:
        standing = await self._find(link)
        # An idempotency key is settled with the answer, which takes a transaction.
        if before_commit.get() is None and await self._answer_at_once(standing, answer, expected):
            return standing
        return await self._answer_in_turn(standing, link, answer, expected)

    async def _answer_at_once(
        self, seen: Standing, answer: RSVPAnswer, expected: int | None
    ) -> bool:
        """Decide on what was seen, and write that in one statement if it is still so.

        False where it is not, or where others are concerned: those who wait, before and behind.
        """
        rsvp, event = seen.rsvp, seen.event
        previous, taken, waited = rsvp.status, event.seats_taken, rsvp.queue_number is not None
        values = self._accepted(rsvp, event, answer, expected)
        now = self._clock()
        changed = Placement(event, at=now).settle(rsvp, values)
        seats = event.seats_taken - taken
        if waited or rsvp.queue_number is not None or (seats < 0 and seen.has_queue):
            return False
        if not changed:
            return True
        fact = RSVPUpdated(
            rsvp_id=rsvp.id,
            version=rsvp.version,
            at=now,
            rsvp=rsvp.state(event, None),
            previous_status=previous,
            changed=changed,
            by_guest=True,
        )
        is_written = await self._answers.write(rsvp, event, fact, seats=seats)
        if is_written:
            self._database.wake()
        return is_written

    async def _answer_in_turn(
        self, seen: Standing, link: Link, answer: RSVPAnswer, expected: int | None
    ) -> Standing:
        """Decide and write while nobody else can answer for this event."""
        async with self._database.transaction() as session:
            rsvp, event = await self._lock(session, link)
            values = self._accepted(rsvp, event, answer, expected)
            seating = Seating(session, event, at=self._clock())
            await seating.settle(rsvp, values, by_guest=True)
            position = await seating.position(rsvp)
        return replace(seen, rsvp=rsvp, event=event, position=position)

    def _accepted(
        self, rsvp: RSVP, event: Event, answer: RSVPAnswer, expected: int | None
    ) -> dict[str, Any]:
        """What the answer changes, if it comes in time and to what the guest has seen."""
        now = self._clock()
        rsvp.expect(expected)
        check_open(event.status, event.answer_until, at=now)
        return rsvp.answering(answer.values(), event, at=now)

    async def _find(self, link: Link) -> Standing:
        standing = await self._answers.find(link.id)
        if standing is None:
            raise GuestTokenError
        _check_version(link, standing.rsvp)
        return standing

    async def _lock(self, session: AsyncSession, link: Link) -> tuple[RSVP, Event]:
        try:
            rsvp, event = await RSVPRepository(session).lock(link.id)
        except RSVPNotFoundError:
            raise GuestTokenError from None
        _check_version(link, rsvp)
        return rsvp, event

    def _verified(self, token: str) -> Link:
        try:
            return self._links.verify(token, PURPOSE)
        except InvalidLinkError:
            raise GuestTokenError from None

    def _view(self, standing: Standing) -> GuestRSVP:
        return GuestRSVP.of(
            standing.rsvp,
            PublicEvent.of(standing.event, at=self._clock()),
            position=standing.position,
            others=standing.others,
        )


def _check_version(link: Link, rsvp: RSVP) -> None:
    """A link of an older version counts no more."""
    if link.version != rsvp.link_version:
        raise GuestTokenError
