"""Bodies of test mails."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field, StringConstraints

from stitch_common.http.bodies import MAX_ID, RequestBody
from stitch_notifications.audience.service import normalised_address

Address = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=320),
    AfterValidator(normalised_address),
]


class TestEmailBody(RequestBody):
    """Where a test mail goes."""

    recipient_email: Address


class TestSendBody(TestEmailBody):
    """Where a mail with this template goes, and for which guest it is filled in."""

    rsvp_id: int | None = Field(default=None, ge=1, le=MAX_ID)


class TestEmailView(BaseModel):
    """The mail server has taken it."""

    recipient_email: str
    message_id: str
    smtp_reply: str
    """What the mail server said."""
    message: str
