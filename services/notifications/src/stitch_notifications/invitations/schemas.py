"""Bodies of sending invitations, and of following a batch."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from stitch_common.contracts.base import UTCDatetime
from stitch_common.contracts.notifications import Recipient
from stitch_common.http.bodies import MAX_ID, RequestBody
from stitch_notifications.audience.service import normalised_address
from stitch_notifications.invitations.rules import SkipReason

MOST_RECIPIENTS = 100_000

Address = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=3, max_length=320),
    AfterValidator(normalised_address),
]
Name = Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)]


class RecipientBody(RequestBody):
    """Somebody to invite."""

    email: Address
    name: Name = ""


class InvitationsBody(RequestBody):
    """Whom to invite; a bare JSON list of addresses, as the first frontend sends it, will do."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"recipients": [{"email": "ada@example.com", "name": "Ada"}], "resend": False},
                {"recipient_emails": ["ada@example.com"], "dry_run": True},
            ]
        }
    )

    recipient_emails: list[Address] = Field(default=[], max_length=MOST_RECIPIENTS)
    recipients: list[RecipientBody] = Field(default=[], max_length=MOST_RECIPIENTS)
    template_id: int | None = Field(default=None, ge=1, le=MAX_ID)
    resend: bool = False
    """Invite again who has not answered yet."""
    dry_run: bool = False
    """Say what would happen and do nothing."""

    @model_validator(mode="before")
    @classmethod
    def _accept_a_bare_list(cls, data: Any) -> Any:
        return {"recipient_emails": data} if isinstance(data, list) else data

    @model_validator(mode="after")
    def _names_somebody(self) -> "InvitationsBody":
        if not self.recipient_emails and not self.recipients:
            message = "Name at least one recipient in recipient_emails or recipients."
            raise ValueError(message)
        return self

    def wanted(self) -> list[Recipient]:
        """Those with a name first, so that of a duplicate the name is kept."""
        named = [Recipient(email=one.email, name=one.name) for one in self.recipients]
        return named + [Recipient(email=email, name="") for email in self.recipient_emails]


class SkippedView(BaseModel):
    """Somebody who was left out, and why."""

    model_config = ConfigDict(from_attributes=True)

    email: str
    reason: SkipReason


class InvitationsAccepted(BaseModel):
    """What will happen; `batch_id` follows it, and is missing for a dry run."""

    batch_id: UUID | None
    queued: int
    skipped: list[SkippedView]
    message: str


class BatchView(BaseModel):
    """How far a send has come."""

    batch_id: UUID
    event_id: int
    kind: str
    template_id: int | None
    requested_by: int
    created_at: UTCDatetime
    queued: int
    """How many were asked for."""
    skipped: int
    refused: int
    """Asked for, but not invited: the event was cancelled, or they were invited meanwhile."""
    waiting: int
    """Asked for, but not yet on the guest list, so that there is no mail yet."""
    deliveries: dict[str, int]
    """How many mails are in which state."""
    is_complete: bool
    """Whether nothing more will happen by itself."""
    version: int
