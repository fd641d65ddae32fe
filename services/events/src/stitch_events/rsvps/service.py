"""What guests do: register, look, answer, withdraw."""

from collections.abc import Awaitable
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from stitch_common.clock import Clock
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
from stitch_events.rsvps.repository import RSVPRepository
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
        link = self._verified(token)
        async with self._database.transaction() as session:
            rsvp, event = await self._found(RSVPRepository(session).get(link.id), link)
            return await self._view(session, rsvp, event)

    async def get_with_event(self, token: str) -> tuple[RSVP, Event]:
        """The rows behind a guest's link, for other slices to read."""
        link = self._verified(token)
        async with self._database.transaction() as session:
            return await self._found(RSVPRepository(session).get(link.id), link)

    async def respond(
        self, token: str, answer: RSVPAnswer, *, expected: int | None = None
    ) -> GuestRSVP:
        """Record a guest's answer; repeating the same answer changes nothing."""
        link = self._verified(token)
        async with self._database.transaction() as session:
            rsvp, event = await self._answer(session, link, answer, expected)
            return await self._view(session, rsvp, event)

    async def respond_to(
        self, rsvp_id: int, token: str, answer: RSVPAnswer, *, expected: int | None
    ) -> RSVPView:
        """Do the same by the old path; whatever is wrong with the token, there is nothing here."""
        try:
            link = self._verified(token)
            if link.id != rsvp_id:
                raise RSVPNotFoundError
            async with self._database.transaction() as session:
                rsvp, event = await self._answer(session, link, answer, expected)
                position = await Seating(session, event, at=self._clock()).position(rsvp)
        except GuestTokenError:
            raise RSVPNotFoundError from None
        return RSVPView.of(rsvp, position)

    async def withdraw(self, token: str, *, expected: int | None) -> None:
        """Take the guest off the list; their link ends with it."""
        link = self._verified(token)
        now = self._clock()
        async with self._database.transaction() as session:
            rsvp, event = await self._found(RSVPRepository(session).lock(link.id), link)
            rsvp.expect(expected)
            check_open(event.status, event.answer_until, at=now)
            await Seating(session, event, at=now).release(rsvp)

    async def _answer(
        self, session: AsyncSession, link: Link, answer: RSVPAnswer, expected: int | None
    ) -> tuple[RSVP, Event]:
        now = self._clock()
        rsvp, event = await self._found(RSVPRepository(session).lock(link.id), link)
        rsvp.expect(expected)
        check_open(event.status, event.answer_until, at=now)
        values = rsvp.answering(answer.values(), event, at=now)
        await Seating(session, event, at=now).settle(rsvp, values, by_guest=True)
        return rsvp, event

    async def _found(
        self, finding: Awaitable[tuple[RSVP, Event]], link: Link
    ) -> tuple[RSVP, Event]:
        """Take what the link is for; a link of an older version, or of nobody, counts no more."""
        try:
            rsvp, event = await finding
        except RSVPNotFoundError:
            raise GuestTokenError from None
        if link.version != rsvp.link_version:
            raise GuestTokenError
        return rsvp, event

    def _verified(self, token: str) -> Link:
        try:
            return self._links.verify(token, PURPOSE)
        except InvalidLinkError:
            raise GuestTokenError from None

    async def _view(self, session: AsyncSession, rsvp: RSVP, event: Event) -> GuestRSVP:
        now = self._clock()
        shows_others = event.guest_list_visible
        return GuestRSVP.of(
            rsvp,
            PublicEvent.of(event, at=now),
            position=await Seating(session, event, at=now).position(rsvp),
            others=await RSVPRepository(session).names_of_others(rsvp) if shows_others else [],
        )
