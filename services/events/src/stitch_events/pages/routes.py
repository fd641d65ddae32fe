"""The pages that people see: a guest's own by the mailed link, and an event's public one.

Looking changes nothing, because mail scanners look; an answer is a POST from the page.
"""

from collections.abc import Callable, Coroutine
from http import HTTPStatus
from typing import Annotated, Any
from urllib.parse import parse_qsl, urlencode

import structlog
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException  # noqa: TID251 - the router itself raises it

from stitch_common.context import request_id
from stitch_common.errors import StitchError
from stitch_common.http.problems import STATUS
from stitch_events.calendar.service import FILE_HEADERS, CalendarService
from stitch_events.events.service import EventNotFoundError, EventService, PublicEvent
from stitch_events.pages.adapters import HEADERS, Pages
from stitch_events.pages.errors import UnreadableFormError
from stitch_events.pages.rules import known_zone, standing
from stitch_events.pages.schemas import Form
from stitch_events.rsvps.service import GuestRSVP, GuestTokenError, RSVPService

QUERY = frozenset({"zone", "saved", "sent"})
LOOKS = ["GET", "HEAD"]

log = structlog.get_logger(__name__)


class PageRoute(APIRoute):
    """A route for people: what goes wrong is a page too, and links may carry foreign parameters."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_with_a_page(request: Request) -> Response:
            known = [pair for pair in parse_qsl(request.url.query) if pair[0] in QUERY]
            request.scope["query_string"] = urlencode(known).encode()
            try:
                return await answer(Request(request.scope, request.receive))
            except HTTPException:
                raise
            except Exception as error:  # noqa: BLE001 - people get a page, whatever it is
                return _failed(request, error)

        return answer_with_a_page


router = APIRouter(route_class=PageRoute, include_in_schema=False)


async def pages_adapter(request: Request) -> Pages:
    adapter: Pages = request.app.state.pages
    return adapter


async def rsvp_service(request: Request) -> RSVPService:
    service: RSVPService = request.app.state.rsvps
    return service


async def event_service(request: Request) -> EventService:
    service: EventService = request.app.state.events
    return service


async def calendar_service(request: Request) -> CalendarService:
    service: CalendarService = request.app.state.calendar
    return service


async def typed_form(request: Request) -> Form:
    """What somebody has typed; UnreadableFormError if no form can be made of the body."""
    try:
        async with request.form() as sent:
            return Form.typed(sent)
    except HTTPException as error:
        if error.status_code == HTTPStatus.BAD_REQUEST:
            raise UnreadableFormError from error
        raise


Renderer = Annotated[Pages, Depends(pages_adapter)]
RSVPs = Annotated[RSVPService, Depends(rsvp_service)]
Events = Annotated[EventService, Depends(event_service)]
Calendar = Annotated[CalendarService, Depends(calendar_service)]
Typed = Annotated[Form, Depends(typed_form)]


@router.api_route("/rsvp/{token}", methods=LOOKS)
async def show_guest_page(
    token: str, rsvps: RSVPs, pages: Renderer, zone: str = "", saved: str = ""
) -> HTMLResponse:
    rsvp = await rsvps.get(token)
    return _guest_page(pages, token, rsvp, Form.of(rsvp), zone=zone, is_saved=bool(saved))


@router.post("/rsvp/{token}")
async def answer_from_guest_page(
    token: str, form: Typed, rsvps: RSVPs, pages: Renderer
) -> Response:
    try:
        await rsvps.respond(token, form.answer())
    except GuestTokenError:
        raise
    except StitchError as error:
        return _guest_page(pages, token, await rsvps.get(token), form, error=error)
    return RedirectResponse(f"/rsvp/{token}?saved=1", 303, headers=HEADERS)


@router.api_route("/rsvp/{token}/calendar.ics", methods=LOOKS)
async def download_calendar_entry(token: str, calendar: Calendar) -> Response:
    file = await calendar.get(token)
    return Response(file.content, media_type=file.media_type, headers=FILE_HEADERS)


@router.api_route("/rsvp/{token}/{rest:path}", methods=LOOKS)
async def show_that_a_link_is_broken() -> HTMLResponse:
    """A link that something was appended to on its way."""
    raise GuestTokenError


@router.api_route("/e/{slug}", methods=LOOKS)
async def show_event_page(
    slug: str, events: Events, pages: Renderer, zone: str = "", sent: str = ""
) -> HTMLResponse:
    event = await events.get_public(slug)
    return _event_page(pages, event, Form(), zone=zone, is_sent=bool(sent))


@router.post("/e/{slug}")
async def register_from_event_page(
    slug: str, form: Typed, events: Events, rsvps: RSVPs, pages: Renderer
) -> Response:
    try:
        await rsvps.register(slug, form.registration())
    except EventNotFoundError:
        raise
    except StitchError as error:
        return _event_page(pages, await events.get_public(slug), form, error=error)
    return RedirectResponse(f"/e/{slug}?sent=1", 303, headers=HEADERS)


def _guest_page(
    pages: Pages,
    token: str,
    rsvp: GuestRSVP,
    form: Form,
    *,
    zone: str = "",
    is_saved: bool = False,
    error: StitchError | None = None,
) -> HTMLResponse:
    return pages.render(
        "guest.html",
        status=STATUS[error.kind] if error else 200,
        token=token,
        rsvp=rsvp,
        event=rsvp.event,
        standing=standing(rsvp),
        form=form,
        error=error,
        zone=known_zone(zone),
        is_saved=is_saved,
    )


def _event_page(
    pages: Pages,
    event: PublicEvent,
    form: Form,
    *,
    zone: str = "",
    is_sent: bool = False,
    error: StitchError | None = None,
) -> HTMLResponse:
    return pages.render(
        "event.html",
        status=STATUS[error.kind] if error else 200,
        event=event,
        form=form,
        error=error,
        zone=known_zone(zone),
        is_sent=is_sent,
    )


def _failed(request: Request, error: Exception) -> HTMLResponse:
    pages: Pages = request.app.state.pages
    if isinstance(error, GuestTokenError | EventNotFoundError):
        is_link = isinstance(error, GuestTokenError)
        return pages.render("gone.html", status=404, is_link=is_link)
    if isinstance(error, StitchError):
        return pages.render("failed.html", status=STATUS[error.kind], detail=error.detail)
    # The template of the route, not its path: that may be a credential.
    log.error("page_failed", exc_info=error, request_id=request_id.get())
    detail = "Something went wrong on our side. Please try again in a minute."
    return pages.render("failed.html", status=500, detail=detail)
