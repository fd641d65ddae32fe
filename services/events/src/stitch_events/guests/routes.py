"""The guest list over HTTP: mostly for editors; two paths also take guests, as they always did."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from stitch_common.errors import InvalidFieldError
from stitch_common.http.bodies import ResourceId
from stitch_common.http.etags import IfMatch, set_etag
from stitch_common.http.lists import RequestedPage, link_next, set_total
from stitch_common.http.principals import Editor, Viewer, bearer_token
from stitch_common.http.problems import declares
from stitch_common.security.principals import (
    InvalidTokenError,
    Principal,
    Role,
    RoleRequiredError,
)
from stitch_common.versioning import StaleVersionError
from stitch_events.db import Listed
from stitch_events.events.service import EventService, Moment
from stitch_events.guests.schemas import EventDetail, GuestChange, GuestFilters, GuestSort, NewGuest
from stitch_events.guests.service import GuestService
from stitch_events.rsvps.models import RSVPStatus
from stitch_events.rsvps.service import (
    EventCancelledError,
    EventFullError,
    EventNotFoundError,
    EventNotOpenError,
    GuestExistsError,
    NothingToApproveError,
    Registered,
    RSVPClosedError,
    RSVPNotFoundError,
    RSVPRejectedError,
    RSVPService,
    RSVPView,
    read_credentials,
)

router = APIRouter(prefix="/api/events", tags=["Guests"])

LISTS = declares(EventNotFoundError)
MANAGES = declares(
    EventNotFoundError, RSVPNotFoundError, EventFullError, StaleVersionError, InvalidFieldError
)
DECIDES = declares(EventNotFoundError, RSVPNotFoundError, EventFullError, NothingToApproveError)
ADDS = declares(
    InvalidTokenError,
    EventNotFoundError,
    EventCancelledError,
    EventNotOpenError,
    RSVPClosedError,
    EventFullError,
    GuestExistsError,
    InvalidFieldError,
)
ANSWERS = declares(
    InvalidTokenError,
    RoleRequiredError,
    RSVPNotFoundError,
    EventCancelledError,
    EventNotOpenError,
    RSVPClosedError,
    RSVPRejectedError,
    EventFullError,
    StaleVersionError,
    InvalidFieldError,
)


async def event_service(request: Request) -> EventService:
    service: EventService = request.app.state.events
    return service


async def guest_service(request: Request) -> GuestService:
    service: GuestService = request.app.state.guests
    return service


async def rsvp_service(request: Request) -> RSVPService:
    service: RSVPService = request.app.state.rsvps
    return service


async def editor_or_anybody(request: Request) -> Principal | None:
    """An editor, or None for everybody else whose credentials are in order or absent."""
    if "authorization" not in request.headers:
        return None
    user = await _verified(request)
    return user if user.role.covers(Role.EDITOR) else None


async def guest_or_editor(request: Request) -> str | Principal:
    """A guest's token or an editor; without any credential there is nothing to see."""
    match read_credentials(request.headers.getlist("authorization")):
        case []:
            raise RSVPNotFoundError
        case [("rsvp", token)]:
            return token
    user = await _verified(request)
    if not user.role.covers(Role.EDITOR):
        raise RoleRequiredError(f"This needs the role {Role.EDITOR} or a higher one.")
    return user


async def _verified(request: Request) -> Principal:
    principal: Principal = await request.app.state.verifier.verify(bearer_token(request))
    return principal


Events = Annotated[EventService, Depends(event_service)]
Guests = Annotated[GuestService, Depends(guest_service)]
RSVPs = Annotated[RSVPService, Depends(rsvp_service)]
EditorIfAny = Annotated[Principal | None, Depends(editor_or_anybody)]
GuestOrEditor = Annotated[str | Principal, Depends(guest_or_editor)]


async def guest_filters(
    *,
    status: RSVPStatus | None = None,
    search: Annotated[str | None, Query(max_length=200)] = None,
    checked_in: bool | None = None,
    updated_since: Moment | None = None,
    sort: GuestSort | None = None,
) -> GuestFilters:
    """Whoever follows the list by `updated_since` gets it in that order."""
    usual = GuestSort.UPDATED if updated_since else GuestSort.NEWEST
    return GuestFilters(
        status=status,
        search=search,
        checked_in=checked_in,
        updated_since=updated_since,
        sort=sort or usual,
    )


Filters = Annotated[GuestFilters, Depends(guest_filters)]


@router.get("/all-rsvps", response_model=list[RSVPView], responses=LISTS)
async def list_all_rsvps(
    filters: Filters,
    page: RequestedPage,
    guests: Guests,
    _user: Editor,
    request: Request,
    event_id: Annotated[int | None, Query(ge=1, lt=2**63)] = None,
) -> Response:
    """The guests of all events; with `updated_since` also those who were removed.

    To follow the list, ask from a minute before the newest change that you have seen: what happens
    at once may appear in another order.
    """
    wanted = filters.model_copy(update={"event_id": event_id})
    return _listed(request, await guests.listed(wanted, page))


@router.get("/{event_id}", response_model=EventDetail, responses=LISTS)
async def get_event(event_id: ResourceId, events: Events, guests: Guests, user: Viewer) -> Response:
    """An event and, for editors, its newest guests; `/{event_id}/rsvps` has all of them."""
    event = await events.get(event_id)
    sees_guests = user.role.covers(Role.EDITOR)
    rsvps = await guests.newest(event_id) if sees_guests else "[]"
    json = f'{{"event":{event.model_dump_json()},"rsvps":{rsvps}}}'
    response = Response(json, media_type="application/json")
    set_etag(response, event.version)
    return response


@router.get("/{event_id}/rsvps", response_model=list[RSVPView], responses=LISTS)
async def list_rsvps(
    event_id: ResourceId,
    filters: Filters,
    page: RequestedPage,
    guests: Guests,
    _user: Editor,
    request: Request,
) -> Response:
    """The guests of one event; with `updated_since` also those who were removed."""
    wanted = filters.model_copy(update={"event_id": event_id})
    return _listed(request, await guests.listed(wanted, page))


@router.post(
    "/{event_id}/rsvps",
    status_code=201,
    responses=ADDS | {202: {"model": Registered, "description": "The link is on its way by mail"}},
)
async def add_rsvp(
    event_id: ResourceId,
    body: NewGuest,
    editor: EditorIfAny,
    guests: Guests,
    rsvps: RSVPs,
    response: Response,
) -> RSVPView | Registered:
    """An editor puts a guest on the list, `201`, and the seat is theirs.

    Anybody else asks to come: always the same `202`, and the answer counts once the mailed link is
    used.
    """
    if editor is None:
        await rsvps.register(event_id, body.registration())
        response.status_code = 202
        return Registered()
    rsvp = await guests.add(event_id, body)
    response.headers["location"] = f"/api/events/{event_id}/rsvps/{rsvp.id}"
    return _versioned(rsvp, response)


@router.put("/rsvps/{rsvp_id}", responses=ANSWERS)
async def answer_rsvp(
    rsvp_id: ResourceId,
    body: GuestChange,
    asker: GuestOrEditor,
    if_match: IfMatch,
    guests: Guests,
    rsvps: RSVPs,
    response: Response,
) -> RSVPView:
    """Change an answer, with the guest's own token (`Authorization: RSVP <token>`) or as editor."""
    if isinstance(asker, Principal):
        return _versioned(await guests.change(rsvp_id, body, expected=if_match), response)
    view = await rsvps.respond_to(rsvp_id, asker, body.answer(), expected=if_match)
    return _versioned(view, response)


@router.get("/{event_id}/rsvps/{rsvp_id}", responses=declares(RSVPNotFoundError))
async def get_rsvp(
    event_id: ResourceId, rsvp_id: ResourceId, guests: Guests, _user: Editor, response: Response
) -> RSVPView:
    return _versioned(await guests.get(rsvp_id, of=event_id), response)


@router.patch("/{event_id}/rsvps/{rsvp_id}", responses=MANAGES)
async def change_rsvp(
    event_id: ResourceId,
    rsvp_id: ResourceId,
    body: GuestChange,
    if_match: IfMatch,
    guests: Guests,
    _user: Editor,
    response: Response,
) -> RSVPView:
    view = await guests.change(rsvp_id, body, of=event_id, expected=if_match)
    return _versioned(view, response)


@router.delete("/{event_id}/rsvps/{rsvp_id}", status_code=204, responses=MANAGES)
async def remove_rsvp(
    event_id: ResourceId, rsvp_id: ResourceId, if_match: IfMatch, guests: Guests, _user: Editor
) -> None:
    """Take a guest off the list; their seats go to those who wait."""
    await guests.remove(rsvp_id, of=event_id, expected=if_match)


@router.post("/{event_id}/rsvps/{rsvp_id}/approve", responses=DECIDES)
async def approve_rsvp(
    event_id: ResourceId, rsvp_id: ResourceId, guests: Guests, _user: Editor, response: Response
) -> RSVPView:
    return _versioned(await guests.approve(rsvp_id, of=event_id), response)


@router.post("/{event_id}/rsvps/{rsvp_id}/reject", responses=DECIDES)
async def reject_rsvp(
    event_id: ResourceId, rsvp_id: ResourceId, guests: Guests, _user: Editor, response: Response
) -> RSVPView:
    return _versioned(await guests.reject(rsvp_id, of=event_id), response)


@router.post(
    "/{event_id}/rsvps/{rsvp_id}/rotate-link",
    responses=declares(EventNotFoundError, RSVPNotFoundError),
)
async def rotate_rsvp_link(
    event_id: ResourceId, rsvp_id: ResourceId, guests: Guests, _user: Editor, response: Response
) -> RSVPView:
    """Make the links mailed so far worthless, and have a new one mailed to the guest.

    The guests of a draft get none: nobody is to know of it yet.
    """
    return _versioned(await guests.rotate_link(rsvp_id, of=event_id), response)


def _versioned(rsvp: RSVPView, response: Response) -> RSVPView:
    set_etag(response, rsvp.version)
    return rsvp


def _listed(request: Request, listed: Listed) -> Response:
    response = Response(listed.json, media_type="application/json")
    link_next(request, response, listed.next_cursor)
    set_total(response, listed.total)
    return response
