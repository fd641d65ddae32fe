"""Facts of the notifications service."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from stitch_common.contracts.base import Fact, UTCDatetime


class Recipient(BaseModel):
    """Somebody who is to be invited."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    email: str
    name: str


class InvitationsRequested(Fact):
    """An editor wants these people invited; events makes guests of them, idempotently.

    A large send travels as several facts of one batch, at most 500 recipients each; `part` counts
    them from 0.
    """

    subject: ClassVar[str] = "stitch.notifications.invitations.requested.v1"
    aggregate: ClassVar[str] = "batch_id"

    batch_id: str
    part: int
    event_id: int
    recipients: list[Recipient]
    template_id: int | None
    resend: bool
    requested_by: int
    at: UTCDatetime


class _EmailFact(Fact):
    aggregate: ClassVar[str] = "delivery_id"

    delivery_id: int
    version: int
    kind: str
    """invitation | reminder | confirmation | update | cancellation | waitlist | verification | …"""
    event_id: int | None
    rsvp_id: int | None
    at: UTCDatetime


class EmailQueued(_EmailFact):
    """A mail is waiting to be sent."""

    subject: ClassVar[str] = "stitch.notifications.email.queued.v1"


class EmailSent(_EmailFact):
    """The mail server has accepted a mail."""

    subject: ClassVar[str] = "stitch.notifications.email.sent.v1"

    attempts: int


class EmailDeferred(_EmailFact):
    """The mail server could not take a mail now; it is tried again."""

    subject: ClassVar[str] = "stitch.notifications.email.deferred.v1"

    attempts: int
    next_attempt_at: UTCDatetime
    smtp_reply: str


class EmailFailed(_EmailFact):
    """A mail will not be sent: refused for good, or tried for too long."""

    subject: ClassVar[str] = "stitch.notifications.email.failed.v1"

    attempts: int
    smtp_reply: str


class EmailBounced(_EmailFact):
    """A mail came back after it was accepted."""

    subject: ClassVar[str] = "stitch.notifications.email.bounced.v1"


class EmailOpened(_EmailFact):
    """A recipient, or a machine on their behalf, has opened a mail."""

    subject: ClassVar[str] = "stitch.notifications.email.opened.v1"

    by_machine: bool


class EmailClicked(_EmailFact):
    """A recipient has followed a link in a mail."""

    subject: ClassVar[str] = "stitch.notifications.email.clicked.v1"


class AddressSuppressed(Fact):
    """An address gets no more mail of the given scope."""

    subject: ClassVar[str] = "stitch.notifications.address.suppressed.v1"
    aggregate: ClassVar[str] = "suppression_id"

    suppression_id: int
    reason: str
    scope: str
    at: UTCDatetime
