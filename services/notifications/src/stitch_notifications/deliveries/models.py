"""Deliveries: one row a mail, from the moment it is due."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Identity,
    Index,
    Integer,
    SmallInteger,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from stitch_notifications.db import Base
from stitch_notifications.templates.models import Kind


class Status(StrEnum):
    """Where a mail is."""

    PENDING = "pending"
    SENDING = "sending"
    SENT = "sent"
    DELIVERED = "delivered"
    DEFERRED = "deferred"
    FAILED = "failed"
    BOUNCED = "bounced"
    SUPPRESSED = "suppressed"
    CANCELLED = "cancelled"


WAITING = frozenset({Status.PENDING, Status.DEFERRED})
DUE_STATES = frozenset({*WAITING, Status.SENDING})
"""A mail that is being sent falls due again when its sender's lease ends."""

RETRYABLE = frozenset({Status.FAILED, Status.BOUNCED, Status.CANCELLED, Status.DEFERRED})
UNDONE = frozenset({Status.FAILED, Status.CANCELLED})
"""These have reached nobody, and will not by themselves."""

ACCEPTED = frozenset({Status.SENT, Status.DELIVERED, Status.BOUNCED})
"""The mail server has taken these."""

BULK = frozenset({Kind.INVITATION, Kind.REMINDER})
"""Mail that a recipient can unsubscribe from; all other mail always arrives."""

_MOMENT = TIMESTAMP(timezone=True)


def _listed(values: frozenset[Status] | type[Status]) -> str:
    return ", ".join(f"'{value}'" for value in sorted(values))


class Delivery(Base):
    """A mail to one recipient; no link or token is in it, those are made when it is sent."""

    __tablename__ = "deliveries"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    version: Mapped[int] = mapped_column(Integer, server_default=text("1"))
    kind: Mapped[str] = mapped_column(Text)
    occasion: Mapped[str] = mapped_column(Text)
    """What this mail is due for, e.g. `rsvp:12:answer:3`: no second mail for the same."""
    event_id: Mapped[int | None] = mapped_column(BigInteger)
    rsvp_id: Mapped[int | None] = mapped_column(BigInteger)
    user_id: Mapped[int | None] = mapped_column(BigInteger)
    batch_id: Mapped[UUID | None] = mapped_column(postgresql.UUID(as_uuid=True))
    template_id: Mapped[int | None] = mapped_column(BigInteger)
    recipient_email: Mapped[str] = mapped_column(Text)
    recipient_name: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    details: Mapped[dict[str, Any]] = mapped_column(JSONB, server_default=text("'{}'"))
    """What mails of this kind say beyond the newest picture of event and guest."""
    message_id: Mapped[UUID] = mapped_column(
        postgresql.UUID(as_uuid=True), server_default=text("gen_random_uuid()")
    )
    """The same at every attempt, so that a repeated mail can be recognised."""

    status: Mapped[str] = mapped_column(Text, server_default=text("'pending'"))
    priority: Mapped[int] = mapped_column(SmallInteger)
    attempts: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    last_smtp_reply: Mapped[str | None] = mapped_column(Text)
    note: Mapped[str | None] = mapped_column(Text)
    """Why it was not sent, where that was not the mail server's word."""
    claim: Mapped[UUID | None] = mapped_column(postgresql.UUID(as_uuid=True))
    """Who is sending it."""
    next_attempt_at: Mapped[datetime] = mapped_column(_MOMENT)
    """When it is due; while it is being sent, when its sender counts as dead."""
    give_up_at: Mapped[datetime] = mapped_column(_MOMENT)
    created_at: Mapped[datetime] = mapped_column(_MOMENT)
    sent_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    opened_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    clicked_at: Mapped[datetime | None] = mapped_column(_MOMENT)
    traceparent: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        UniqueConstraint("kind", "occasion"),
        CheckConstraint(f"status in ({_listed(Status)})", name="status"),
        Index(
            "ix_deliveries_due",
            "priority",
            "next_attempt_at",
            "id",
            postgresql_where=text(f"status in ({_listed(DUE_STATES)})"),
        ),
        Index("ix_deliveries_claim", "claim", postgresql_where=text("status = 'sending'")),
        Index("ix_deliveries_event_id_id", "event_id", "id"),
        Index("ix_deliveries_event_id_status_id", "event_id", "status", "id"),
        Index("ix_deliveries_event_id_kind_id", "event_id", "kind", "id"),
        Index("ix_deliveries_rsvp_id_kind", "rsvp_id", "kind"),
        Index("ix_deliveries_batch_id_status", "batch_id", "status"),
    )

    @property
    def is_retryable(self) -> bool:
        return self.status in RETRYABLE

    @property
    def is_waiting(self) -> bool:
        return self.status in WAITING

    def retry(self, now: datetime, give_up_at: datetime) -> None:
        """Make it due at once, for as long as a new mail would be."""
        self.status = Status.PENDING
        self.next_attempt_at, self.give_up_at = now, give_up_at
        self.note = None
        self.version += 1

    def cancel(self, note: str) -> None:
        """Keep it from being sent."""
        self.status, self.note = Status.CANCELLED, note
        self.version += 1


@dataclass(frozen=True, slots=True)
class Queued:
    """A mail that waits to be sent, as facts tell of it."""

    id: int
    version: int
    kind: str
    event_id: int | None
    rsvp_id: int | None
