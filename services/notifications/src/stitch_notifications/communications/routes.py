"""`/{event_id}/communications`, `/{event_id}/notification-stats`, retry and cancel."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request, Response

from stitch_common.http.bodies import MAX_ID, ResourceId
from stitch_common.http.etags import set_etag
from stitch_common.http.lists import Cursors, RequestedPage, link_next, set_total
from stitch_common.http.principals import Editor, Viewer
from stitch_common.http.problems import declares
from stitch_notifications.audience.service import EventNotFoundError
from stitch_notifications.communications.errors import (
    CommunicationNotFoundError,
    NotCancellableError,
    NotRetryableError,
)
from stitch_notifications.communications.repository import Wanted
from stitch_notifications.communications.rules import stats
from stitch_notifications.communications.schemas import (
    CommunicationView,
    NotificationStats,
    RetryAccepted,
)
from stitch_notifications.communications.service import CommunicationService
from stitch_notifications.deliveries.models import Delivery, Status
from stitch_notifications.templates.models import Kind

router = APIRouter(prefix="/api/notifications", tags=["Notifications"])


async def communication_service(request: Request) -> CommunicationService:
    service: CommunicationService = request.app.state.communications
    return service


async def list_cursors(request: Request) -> Cursors:
    cursors: Cursors = request.app.state.cursors
    return cursors


async def wanted_communications(
    event_id: ResourceId,
    delivery_status: Annotated[Status | None, Query()] = None,
    type: Annotated[Kind | None, Query()] = None,  # noqa: A002 - the name of the field
    batch_id: Annotated[UUID | None, Query()] = None,
    rsvp_id: Annotated[int | None, Query(ge=1, le=MAX_ID)] = None,
) -> Wanted:
    return Wanted(event_id, delivery_status, type, batch_id, rsvp_id)


Communications = Annotated[CommunicationService, Depends(communication_service)]
ListCursors = Annotated[Cursors, Depends(list_cursors)]
WantedCommunications = Annotated[Wanted, Depends(wanted_communications)]


@router.get(
    "/{event_id}/communications",  # noqa: FAST003 - `wanted` takes it
    responses=declares(EventNotFoundError),
)
async def list_communications(
    wanted: WantedCommunications,
    page: RequestedPage,
    communications: Communications,
    cursors: ListCursors,
    _editor: Editor,
    request: Request,
    response: Response,
) -> list[CommunicationView]:
    """Every mail about an event, the newest first, with what has become of it."""
    scope = f"communications:{wanted}"
    before = cursors.decode(scope, page.cursor)[0] if page.cursor else None
    mails, total = await communications.page(
        wanted, before=before, skip=page.skip, limit=page.limit, count=page.count
    )
    if len(mails) == page.limit:
        link_next(request, response, cursors.encode(scope, [mails[-1].id]))
    set_total(response, total)
    return [_view(mail) for mail in mails]


@router.get("/{event_id}/notification-stats", responses=declares(EventNotFoundError))
async def get_notification_stats(
    event_id: ResourceId, communications: Communications, _viewer: Viewer
) -> NotificationStats:
    """An event's mails in numbers; sent means accepted by the mail server."""
    return NotificationStats.model_validate(stats(await communications.tallies(event_id)))


@router.post(
    "/communications/{communication_id}/retry",
    status_code=202,
    responses=declares(CommunicationNotFoundError, NotRetryableError),
)
async def retry_communication(
    communication_id: ResourceId,
    communications: Communications,
    _editor: Editor,
    response: Response,
) -> CommunicationView:
    """Send a mail again that has failed, or one that waits for its next attempt, at once."""
    return _single(await communications.retry(communication_id), response)


@router.post(
    "/communications/{communication_id}/cancel",
    responses=declares(CommunicationNotFoundError, NotCancellableError),
)
async def cancel_communication(
    communication_id: ResourceId,
    communications: Communications,
    _editor: Editor,
    response: Response,
) -> CommunicationView:
    """Keep a mail that still waits from being sent."""
    return _single(await communications.cancel(communication_id), response)


@router.post("/{event_id}/retry-failed", status_code=202, responses=declares(EventNotFoundError))
async def retry_failed_communications(
    event_id: ResourceId, communications: Communications, _editor: Editor
) -> RetryAccepted:
    """Send all failed mails of an event again."""
    return RetryAccepted(queued=await communications.retry_failed(event_id))


def _single(mail: Delivery, response: Response) -> CommunicationView:
    set_etag(response, mail.version)
    return _view(mail)


def _view(mail: Delivery) -> CommunicationView:
    view = CommunicationView.model_validate(mail)
    return view if mail.is_waiting else view.model_copy(update={"next_attempt_at": None})
