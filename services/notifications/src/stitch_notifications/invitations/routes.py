"""`POST /{event_id}/send-invitations` and `GET /batches/{id}`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response

from stitch_common.errors import InvalidFieldError
from stitch_common.http.bodies import ResourceId
from stitch_common.http.etags import set_etag
from stitch_common.http.principals import Editor
from stitch_common.http.problems import declares
from stitch_notifications.audience.service import (
    EventNotFoundError,
    EventNotKnownYetError,
    EventNotPublishedError,
    EventOverError,
)
from stitch_notifications.invitations.errors import BatchNotFoundError
from stitch_notifications.invitations.models import Batch
from stitch_notifications.invitations.repository import Progress
from stitch_notifications.invitations.rules import Selection, summary
from stitch_notifications.invitations.schemas import (
    BatchView,
    InvitationsAccepted,
    InvitationsBody,
    SkippedView,
)
from stitch_notifications.invitations.service import BatchService, Invitation, InvitationService

PREFIX = "/api/notifications"
router = APIRouter(prefix=PREFIX, tags=["Notifications"])


async def invitation_service(request: Request) -> InvitationService:
    service: InvitationService = request.app.state.invitations
    return service


async def batch_service(request: Request) -> BatchService:
    service: BatchService = request.app.state.batches
    return service


Invitations = Annotated[InvitationService, Depends(invitation_service)]
Batches = Annotated[BatchService, Depends(batch_service)]


@router.post(
    "/{event_id}/send-invitations",
    status_code=202,
    responses=declares(
        EventNotFoundError,
        EventNotKnownYetError,
        EventNotPublishedError,
        EventOverError,
        InvalidFieldError,
    ),
)
async def send_invitations(
    event_id: ResourceId,
    body: InvitationsBody,
    invitations: Invitations,
    editor: Editor,
    response: Response,
) -> InvitationsAccepted:
    """Invite people to a published event; nobody gets a second mail unless `resend` asks for it.

    Left out, each with a reason: duplicates, guests who are already invited (with `resend`: who
    have already answered), and addresses that want no such mail.
    """
    wanted = Invitation(
        event_id, body.wanted(), body.template_id, body.resend, requested_by=editor.user_id
    )
    if body.dry_run:
        return _accepted(None, await invitations.preview(wanted))
    batch, selection = await invitations.request(wanted)
    response.headers["location"] = f"{PREFIX}/batches/{batch.id}"
    return _accepted(batch.id, selection)


@router.get("/batches/{batch_id}", responses=declares(BatchNotFoundError))
async def get_batch(
    batch_id: UUID, batches: Batches, _editor: Editor, response: Response
) -> BatchView:
    """How far a send of invitations or reminders has come."""
    view = _progress(*await batches.get(batch_id))
    set_etag(response, view.version)
    return view


def _accepted(batch_id: UUID | None, selection: Selection) -> InvitationsAccepted:
    queued, skipped = len(selection.invited), len(selection.skipped)
    return InvitationsAccepted(
        batch_id=batch_id,
        queued=queued,
        skipped=[SkippedView.model_validate(one) for one in selection.skipped],
        message=summary(queued, skipped, dry_run=batch_id is None),
    )


def _progress(batch: Batch, progress: Progress) -> BatchView:
    mails = progress.by_status
    waiting = batch.queued - batch.refused - sum(mails.values())
    return BatchView(
        batch_id=batch.id,
        event_id=batch.event_id,
        kind=batch.kind,
        template_id=batch.template_id,
        requested_by=batch.requested_by,
        created_at=batch.created_at,
        queued=batch.queued,
        skipped=batch.skipped,
        refused=batch.refused,
        waiting=waiting,
        deliveries=mails,
        is_complete=waiting == 0 and not mails.keys() & {"pending", "sending", "deferred"},
        version=1 + progress.changes + batch.refused,
    )
