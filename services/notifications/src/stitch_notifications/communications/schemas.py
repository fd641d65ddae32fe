"""What editors see of mails."""

from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from stitch_common.contracts.base import UTCDatetime
from stitch_notifications.deliveries.models import Status
from stitch_notifications.templates.models import Kind


class CommunicationView(BaseModel):
    """A mail to one recipient."""

    model_config = ConfigDict(from_attributes=True, populate_by_name=True)

    id: int
    event_id: int
    rsvp_id: int | None
    batch_id: UUID | None
    template_id: int | None
    type: Kind = Field(validation_alias="kind")
    subject: str
    recipient_email: str
    recipient_name: str
    delivery_status: Status = Field(validation_alias="status")
    attempts: int
    last_smtp_reply: str | None
    note: str | None
    """Why it was not sent, where that was not the mail server's word."""
    next_attempt_at: UTCDatetime | None
    """When it is tried, if it waits."""
    created_at: UTCDatetime
    sent_at: UTCDatetime | None
    opened_at: UTCDatetime | None
    clicked_at: UTCDatetime | None
    version: int


class RetryAccepted(BaseModel):
    """How many mails are due again."""

    queued: int


class NotificationStats(BaseModel):
    """An event's mails in numbers; rates are percentages of what was sent."""

    total_sent: int
    """Accepted by the mail server."""
    total_delivered: int
    """Of these, all that have not come back."""
    total_opened: int
    total_clicked: int
    bounce_rate: float
    open_rate: float
    click_rate: float
    pending: int
    deferred: int
    failed: int
    suppressed: int
    cancelled: int
