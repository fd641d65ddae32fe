"""`POST /{event_id}/send-reminders`."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from stitch_common.http.bodies import ResourceId
from stitch_common.http.principals import Editor
from stitch_common.http.problems import declares
from stitch_notifications.audience.service import (
    EventNotFoundError,
    EventNotKnownYetError,
    EventNotPublishedError,
    EventOverError,
)
from stitch_notifications.reminders.schemas import RemindersAccepted, RemindersBody
from stitch_notifications.reminders.service import ReminderService

PREFIX = "/api/notifications"
router = APIRouter(prefix=PREFIX, tags=["Notifications"])


async def reminder_service(request: Request) -> ReminderService:
    service: ReminderService = request.app.state.reminders
    return service


Reminders = Annotated[ReminderService, Depends(reminder_service)]


@router.post(
    "/{event_id}/send-reminders",
    status_code=202,
    responses=declares(
        EventNotFoundError, EventNotKnownYetError, EventNotPublishedError, EventOverError
    ),
)
async def send_reminders(
    event_id: ResourceId,
    reminders: Reminders,
    editor: Editor,
    response: Response,
    body: RemindersBody | None = None,
) -> RemindersAccepted:
    """Remind guests who have not answered, who have accepted, or all but those who declined.

    Nobody is reminded twice within an hour, however often this is called.
    """
    answers = (body or RemindersBody()).audience.answers
    batch = await reminders.remind(event_id, answers, requested_by=editor.user_id)
    response.headers["location"] = f"{PREFIX}/batches/{batch.id}"
    noun = "reminder is" if batch.queued == 1 else "reminders are"
    return RemindersAccepted(
        batch_id=batch.id, queued=batch.queued, message=f"{batch.queued} {noun} on the way."
    )
