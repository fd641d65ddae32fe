"""The table of RSVPs: a guest of one event and their answer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from stitch_common.contracts.events import RSVPState
from stitch_events.db import Base, Changing
from stitch_events.events.models import Event
from stitch_events.rsvps.errors import RSVPRejectedError
from stitch_events.rsvps.rules import RSVPStatus, fitted

__all__ = ["APPROVED", "ON_THE_LIST", "REJECTED", "RSVP", "RSVPStatus"]

SEARCHED = """
to_tsvector('simple', translate(
    name || ' ' || company || ' ' || email, '-+._/@~', '       '))
"""
ON_THE_LIST = text("deleted_at is null")
IN_THE_QUEUE = text("status = 'waitlisted'")
APPROVED = "approved"
REJECTED = "rejected"


class RSVP(Changing, Base):
    """A guest and their answer; one a person and event, as long as they are on the list.

    `status` is `cancelled` exactly when the guest is off the list (`deleted_at`).
    """

    __tablename__ = "rsvps"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[int] = mapped_column(BigInteger, ForeignKey(Event.id))
    email: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text, default="")
    phone: Mapped[str] = mapped_column(Text, default="")
    company: Mapped[str] = mapped_column(Text, default="")
    status: Mapped[str] = mapped_column(Text, default=RSVPStatus.PENDING)
    guest_count: Mapped[int] = mapped_column(Integer, default=1)
    party: Mapped[list[dict[str, Any]]] = mapped_column(JSONB, default=list)
    dietary_restrictions: Mapped[str] = mapped_column(Text, default="")
    special_requests: Mapped[str] = mapped_column(Text, default="")
    answers: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    source: Mapped[str] = mapped_column(Text)
    approval: Mapped[str | None] = mapped_column(Text)
    invitation: Mapped[int] = mapped_column(Integer, default=0)
    invited_at: Mapped[datetime | None]
    link_version: Mapped[int] = mapped_column(Integer, default=1)
    link_requested_at: Mapped[datetime | None]
    responded_at: Mapped[datetime | None]
    queue_number: Mapped[int | None] = mapped_column(BigInteger)
    checked_in_at: Mapped[datetime | None]
    search: Mapped[str] = mapped_column(
        TSVECTOR, Computed(SEARCHED, persisted=True), deferred=True, deferred_raiseload=True
    )

    __table_args__ = (
        Index(
            "uq_rsvps_event_id_email",
            "event_id",
            func.lower(literal_column("email")),
            unique=True,
            postgresql_where=ON_THE_LIST,
        ),
        CheckConstraint(
            "status in ('pending', 'accepted', 'declined', 'maybe', 'waitlisted', 'cancelled')",
            "status",
        ),
        CheckConstraint("(status = 'cancelled') = (deleted_at is not null)", "cancelled"),
        CheckConstraint("(status = 'waitlisted') = (queue_number is not null)", "queue_number"),
        CheckConstraint("guest_count >= 1", "guest_count"),
        CheckConstraint("source in ('invitation', 'registration', 'editor')", "source"),
        CheckConstraint("approval in ('approved', 'rejected')", "approval"),
        Index(None, "event_id", "status", "guest_count", postgresql_where=ON_THE_LIST),
        Index(None, "event_id", "queue_number", unique=True, postgresql_where=IN_THE_QUEUE),
        Index(None, "event_id", "id"),
        Index(None, "event_id", "updated_at", "id"),
        Index(None, "updated_at", "id"),
        Index(None, "status", "id", postgresql_where=ON_THE_LIST),
        Index(
            None,
            "checked_in_at",
            "id",
            postgresql_where=text("checked_in_at is not null and deleted_at is null"),
        ),
        Index(None, "search", postgresql_using="gin"),
    )

    @property
    def checked_in(self) -> bool:
        return self.checked_in_at is not None

    @property
    def needs_confirmation(self) -> bool:
        """Whether this came by the public form only, and its mailed link has not been used."""
        is_vouched_for = self.source != "registration" or self.invitation > 0
        return not is_vouched_for and self.responded_at is None

    @property
    def awaits_approval(self) -> bool:
        """Whether the guest has asked for a seat that an editor must grant."""
        has_asked = self.status == RSVPStatus.PENDING and self.responded_at is not None
        return has_asked and self.approval is None

    @property
    def is_rejected(self) -> bool:
        return self.approval == REJECTED

    @property
    def seats_held(self) -> int:
        return self.guest_count if self.status == RSVPStatus.ACCEPTED else 0

    def answering(self, values: Mapping[str, Any], event: Event, *, at: datetime) -> dict[str, Any]:
        """What a guest's answer changes: checked, and waiting for approval where that is needed."""
        wanted = values.get("status")
        complete = wanted == RSVPStatus.ACCEPTED
        known = {"party": self.party, "answers": self.answers}
        answer = fitted(values, event, known=known, complete=complete)
        if wanted is None:
            return answer
        if self.is_rejected and wanted != RSVPStatus.DECLINED:
            raise RSVPRejectedError
        needs_approval = event.require_approval and self.source == "registration"
        if complete and needs_approval and self.approval is None:
            answer["status"] = RSVPStatus.PENDING
        return {**answer, "responded_at": self.responded_at or at}

    def take_off_the_list(self, *, at: datetime) -> None:
        """Remove the guest; a tombstone stays for those who follow the list."""
        self.change({"status": RSVPStatus.CANCELLED, "queue_number": None, "deleted_at": at}, at=at)

    def state(self, event: Event, waitlist_position: int | None) -> RSVPState:
        """The answer as its followers on the bus know it."""
        return RSVPState(
            event_id=self.event_id,
            email=self.email,
            name=self.name,
            status=self.status,
            party_size=self.guest_count,
            dietary_restrictions=self.dietary_restrictions,
            link_version=self.link_version,
            link_expires_at=event.links_expire_at,
            waitlist_position=waitlist_position,
            needs_confirmation=self.needs_confirmation,
            awaits_approval=self.awaits_approval,
            is_rejected=self.is_rejected,
            invitation=self.invitation,
        )
