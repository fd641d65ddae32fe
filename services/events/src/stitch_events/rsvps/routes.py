"""Answers over HTTP: what guests do with the token of their link, and the public form."""

from fastapi import APIRouter, Response

from stitch_common.errors import InvalidFieldError
from stitch_common.http.etags import IfMatch, set_etag
from stitch_common.http.problems import declares
from stitch_common.versioning import StaleVersionError
from stitch_events.credentials import Guest
from stitch_events.rsvps.schemas import GuestRSVP, Registered, Registration, RSVPAnswer
from stitch_events.rsvps.service import (
    EventCancelledError,
    EventFullError,
    EventNotFoundError,
    EventNotOpenError,
    GuestTokenError,
    RSVPClosedError,
    RSVPRejectedError,
)
from stitch_events.wiring import RSVPs

router = APIRouter(prefix="/api/events", tags=["RSVPs"])

OPEN = (EventCancelledError, EventNotOpenError, RSVPClosedError)
ANSWERS = declares(
    GuestTokenError, *OPEN, EventFullError, RSVPRejectedError, StaleVersionError, InvalidFieldError
)
REGISTERS = declares(EventNotFoundError, *OPEN, EventFullError, InvalidFieldError)


@router.get("/rsvp", responses=declares(GuestTokenError))
async def get_own_rsvp(token: Guest, rsvps: RSVPs, response: Response) -> GuestRSVP:
    """The guest's own answer, and what it is about."""
    return _own(await rsvps.get(token), response)


@router.put("/rsvp", responses=ANSWERS)
async def answer_own_rsvp(
    token: Guest, body: RSVPAnswer, if_match: IfMatch, rsvps: RSVPs, response: Response
) -> GuestRSVP:
    """Answer, until the deadline; what is not sent stays as it is.

    Asking for a seat when none is left ends in the queue, where the event has one.
    """
    return _own(await rsvps.respond(token, body, expected=if_match), response)


@router.delete("/rsvp", status_code=204, responses=declares(GuestTokenError, *OPEN))
async def withdraw_own_rsvp(token: Guest, if_match: IfMatch, rsvps: RSVPs) -> None:
    """Leave the guest list; the link ends with it."""
    await rsvps.withdraw(token, expected=if_match)


@router.post("/public/{slug}/rsvps", status_code=202, responses=REGISTERS)
async def register_for_public_event(slug: str, body: Registration, rsvps: RSVPs) -> Registered:
    """Ask to come; the answer counts once the mailed link is used."""
    await rsvps.register(slug, body)
    return Registered()


def _own(rsvp: GuestRSVP, response: Response) -> GuestRSVP:
    set_etag(response, rsvp.version)
    response.headers["cache-control"] = "no-store"
    return rsvp
