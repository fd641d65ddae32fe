"""`POST /api/notifications/templates/{id}/preview`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request

from stitch_common.http.bodies import ResourceId
from stitch_common.http.principals import Editor
from stitch_common.http.problems import declares
from stitch_notifications.audience.service import EventNotFoundError
from stitch_notifications.letters.errors import GuestNotFoundError
from stitch_notifications.letters.schemas import PreviewBody, PreviewView
from stitch_notifications.letters.service import PreviewService
from stitch_notifications.templates.service import TemplateNotFoundError

router = APIRouter(prefix="/api/notifications/templates", tags=["Templates"])


async def preview_service(request: Request) -> PreviewService:
    service: PreviewService = request.app.state.previews
    return service


Previews = Annotated[PreviewService, Depends(preview_service)]


@router.post(
    "/{template_id}/preview",
    responses=declares(TemplateNotFoundError, GuestNotFoundError, EventNotFoundError),
)
async def preview_template(
    template_id: ResourceId, previews: Previews, _editor: Editor, body: PreviewBody | None = None
) -> PreviewView:
    """Show a mail as a guest would get it; nothing is sent, and nobody's own link is shown."""
    rendered = await previews.preview(template_id, body.rsvp_id if body else None)
    return PreviewView(subject=rendered.subject, text=rendered.text, html=rendered.html)
