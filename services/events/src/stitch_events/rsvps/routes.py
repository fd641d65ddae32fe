"""Answers over HTTP: what guests do with the token of their link, and the public form."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security.http import HTTPBase

from stitch_common.errors import InvalidFieldError
from stitch_common.http.etags import IfMatch, set_etag
from stitch_common.http.problems import declares
from stitch_common.versioning import StaleVersionError
from stitch_events.calendar.service import FILE_HEADERS, CalendarService
from stitch_events.rsvps.errors import (
    EventCancelledError,
    EventNotOpenError,
    GuestTokenError,
    RSVPClosedError,
    RSVPRejectedError,
)
from stitch_events.rsvps.rules import read_credentials
from stitch_events.rsvps.schemas import GuestRSVP, Registered, Registration, RSVPAnswer
from stitch_events.rsvps.service import EventFullError, EventNotFoundError, RSVPService

router = APIRouter(prefix="/api/events", tags=["RSVPs"])

OPEN = (EventCancelledError, EventNotOpenError, RSVPClosedError)
ANSWERS = declares(
    GuestTokenError, *OPEN, EventFullError, RSVPRejectedError, StaleVersionError, InvalidFieldError
)
REGISTERS = declares(EventNotFoundError, *OPEN, EventFullError, InvalidFieldError)
ICS: dict[int | str, dict[str, Any]] = {
    200: {"description": "iCalendar (RFC 5545)", "content": {"text/calendar": {}}}
}

documented_scheme = HTTPBase(
    scheme="RSVP",
    scheme_name="GuestToken",
    auto_error=False,
    description="The token of the guest's mailed link",
)


async def guest_token(
    request: Request, _documented: Annotated[object, Depends(documented_scheme)]
) -> str:
    """The guest's token, the only credential of the request."""
    match read_credentials(request.headers.getlist("authorization")):
        case [("rsvp", token)] if token:
            return token
        case _:
            raise GuestTokenError


async def rsvp_service(request: Request) -> RSVPService:
    service: RSVPService = request.app.state.rsvps
    return service


async def calendar_service(request: Request) -> CalendarService:
    service: CalendarService = request.app.state.calendar
    return service


Guest = Annotated[str, Depends(guest_token)]
RSVPs = Annotated[RSVPService, Depends(rsvp_service)]
Calendar = Annotated[CalendarService, Depends(calendar_service)]


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


@router.get(
    "/rsvp/calendar.ics", response_class=Response, responses=declares(GuestTokenError) | ICS
)
async def get_calendar_entry(token: Guest, calendar: Calendar) -> Response:
    """The event for the guest's calendar, with the guest as the only attendee."""
    file = await calendar.get(token)
    return Response(file.content, media_type=file.media_type, headers=FILE_HEADERS)


@router.post("/public/{slug}/rsvps", status_code=202, responses=REGISTERS)
async def register_for_public_event(slug: str, body: Registration, rsvps: RSVPs) -> Registered:
    """Ask to come; the answer counts once the mailed link is used."""
    await rsvps.register(slug, body)
    return Registered()


def _own(rsvp: GuestRSVP, response: Response) -> GuestRSVP:
    set_etag(response, rsvp.version)
    response.headers["cache-control"] = "no-store"
    return rsvp
