"""Events over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response

from stitch_common.http.bodies import ResourceId
from stitch_common.http.etags import IfMatch, set_etag
from stitch_common.http.lists import RequestedPage, link_next, set_total
from stitch_common.http.principals import Editor, Viewer
from stitch_common.http.problems import declares
from stitch_common.versioning import StaleVersionError
from stitch_events.events.errors import (
    CapacityBelowSeatsTakenError,
    EventNotFoundError,
    EventStatusError,
    SlugTakenError,
)
from stitch_events.events.models import EventStatus
from stitch_events.events.schemas import (
    ChangePreview,
    EventChange,
    EventCreate,
    EventFilters,
    EventSort,
    EventView,
    Moment,
    PublicEvent,
)
from stitch_events.events.service import EventService

router = APIRouter(prefix="/api/events", tags=["Events"])

CHANGES = declares(EventNotFoundError, EventStatusError, StaleVersionError)


async def event_service(request: Request) -> EventService:
    service: EventService = request.app.state.events
    return service


Events = Annotated[EventService, Depends(event_service)]


async def event_filters(
    *,
    status: EventStatus | None = None,
    search: Annotated[str | None, Query(max_length=200)] = None,
    starts_from: Annotated[Moment | None, Query(alias="from")] = None,
    starts_to: Annotated[Moment | None, Query(alias="to")] = None,
    sort: EventSort = EventSort.START_DESCENDING,
) -> EventFilters:
    return EventFilters(
        status=status, search=search, starts_from=starts_from, starts_to=starts_to, sort=sort
    )


@router.post("", status_code=201, responses=declares(SlugTakenError))
async def create_event(
    body: EventCreate, events: Events, user: Editor, response: Response
) -> EventView:
    return _created(await events.create(body, by=user.user_id), response)


@router.get("", response_model=list[EventView])
async def list_events(
    filters: Annotated[EventFilters, Depends(event_filters)],
    page: RequestedPage,
    events: Events,
    _user: Viewer,
    request: Request,
) -> Response:
    """`search` finds the beginnings of words in title, place and description."""
    listed = await events.listed(filters, page)
    response = Response(listed.json, media_type="application/json")
    link_next(request, response, listed.next_cursor)
    set_total(response, listed.total)
    return response


@router.get("/public/{slug}", responses=declares(EventNotFoundError))
async def get_public_event(slug: str, events: Events) -> PublicEvent:
    """What anybody may know of an event, once it has been published."""
    return await events.get_public(slug)


@router.put("/{event_id}", responses=CHANGES | declares(CapacityBelowSeatsTakenError))
@router.patch("/{event_id}", responses=CHANGES | declares(CapacityBelowSeatsTakenError))
async def change_event(
    event_id: ResourceId,
    body: EventChange,
    if_match: IfMatch,
    events: Events,
    _user: Editor,
    response: Response,
    *,
    notify: bool = True,
    dry_run: bool = False,
) -> EventView | ChangePreview:
    """Change the fields that are sent.

    Guests are told of a new time or place of a published event, unless `notify=false`.
    `dry_run=true` answers what would happen.
    """
    if dry_run:
        return await events.preview_change(event_id, body, expected=if_match, notify=notify)
    view = await events.change(event_id, body, expected=if_match, notify=notify)
    return _versioned(view, response)


@router.delete("/{event_id}", status_code=204, responses=CHANGES)
async def delete_event(
    event_id: ResourceId, if_match: IfMatch, events: Events, _user: Editor
) -> None:
    """Remove a draft or a cancelled event."""
    await events.delete(event_id, expected=if_match)


@router.post("/{event_id}/publish", responses=CHANGES)
async def publish_event(
    event_id: ResourceId, if_match: IfMatch, events: Events, _user: Editor, response: Response
) -> EventView:
    return _versioned(await events.publish(event_id, expected=if_match), response)


@router.post("/{event_id}/cancel", responses=CHANGES)
async def cancel_event(
    event_id: ResourceId,
    if_match: IfMatch,
    events: Events,
    _user: Editor,
    response: Response,
    *,
    notify: bool = True,
    dry_run: bool = False,
) -> EventView | ChangePreview:
    """Call an event off; each active guest is told once, unless `notify=false` or it is a draft."""
    if dry_run:
        change = EventChange(status=EventStatus.CANCELLED)
        return await events.preview_change(event_id, change, expected=if_match, notify=notify)
    return _versioned(await events.cancel(event_id, expected=if_match, notify=notify), response)


@router.post("/{event_id}/duplicate", status_code=201, responses=declares(EventNotFoundError))
async def duplicate_event(
    event_id: ResourceId, events: Events, user: Editor, response: Response
) -> EventView:
    """A new draft with the same fields and no guests."""
    return _created(await events.duplicate(event_id, by=user.user_id), response)


def _created(event: EventView, response: Response) -> EventView:
    response.headers["location"] = f"/api/events/{event.id}"
    return _versioned(event, response)


def _versioned(event: EventView, response: Response) -> EventView:
    set_etag(response, event.version)
    return event
