"""Mails that are sent while somebody waits: what the mail server says is the answer."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request

from stitch_common.errors import InvalidFieldError
from stitch_common.http.bodies import ResourceId
from stitch_common.http.principals import Admin, Editor
from stitch_common.http.problems import declares
from stitch_notifications.audience.service import EventNotFoundError
from stitch_notifications.letters.service import GuestNotFoundError, PreviewService
from stitch_notifications.sending.errors import (
    MailDeferredError,
    MailRefusedError,
    MailServerAwayError,
)
from stitch_notifications.sending.schemas import (
    Address,
    TestEmailBody,
    TestEmailView,
    TestSendBody,
)
from stitch_notifications.sending.service import TestMailService, Tried
from stitch_notifications.templates.service import TemplateNotFoundError

REFUSALS = (MailDeferredError, MailRefusedError, MailServerAwayError)

router = APIRouter(prefix="/api/notifications", tags=["Notifications"])


async def test_mail_service(request: Request) -> TestMailService:
    service: TestMailService = request.app.state.test_mails
    return service


async def preview_service(request: Request) -> PreviewService:
    service: PreviewService = request.app.state.previews
    return service


Previews = Annotated[PreviewService, Depends(preview_service)]
TestMails = Annotated[TestMailService, Depends(test_mail_service)]


@router.post("/test-email", responses=declares(*REFUSALS, InvalidFieldError))
async def send_test_email(
    test_mails: TestMails,
    _admin: Admin,
    body: TestEmailBody | None = None,
    recipient_email: Annotated[Address | None, Query()] = None,
) -> TestEmailView:
    """Send a mail now and tell what the mail server said."""
    recipient = body.recipient_email if body else recipient_email
    if recipient is None:
        raise InvalidFieldError.of("/recipient_email", "Say where the test mail should go.")
    return _view(recipient, await test_mails.try_out(recipient))


@router.post(
    "/templates/{template_id}/test-send",
    tags=["Templates"],
    responses=declares(*REFUSALS, TemplateNotFoundError, GuestNotFoundError, EventNotFoundError),
)
async def send_test_of_template(
    template_id: ResourceId,
    body: TestSendBody,
    previews: Previews,
    test_mails: TestMails,
    _editor: Editor,
) -> TestEmailView:
    """Send a mail with this template now; its links lead nowhere."""
    content = await previews.preview(template_id, body.rsvp_id)
    return _view(body.recipient_email, await test_mails.send(content, body.recipient_email))


def _view(recipient: str, tried: Tried) -> TestEmailView:
    return TestEmailView(
        recipient_email=recipient,
        message_id=tried.message_id,
        smtp_reply=tried.reply,
        message=f"The mail server has taken a mail to {recipient}.",
    )
