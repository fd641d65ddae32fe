"""The table of events, and the transitions that one event may make."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    CheckConstraint,
    Computed,
    Identity,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from stitch_common.contracts.events import EventState
from stitch_events.db import Base, Changing
from stitch_events.events.errors import CapacityBelowSeatsTakenError, EventStatusError
from stitch_events.events.rules import (
    LINKS_OUTLIVE_EVENTS_BY,
    SCHEDULE,
    EventStatus,
    check_dates,
)

__all__ = ["Event", "EventStatus"]

SEARCHED = """
to_tsvector('simple', translate(
    title || ' ' || location || ' ' || description, '-+._/@~', '       '))
"""
"""Without what makes the parser see numbers, hosts and hyphens where people see words."""
ALIVE = text("deleted_at is null")


class Event(Changing, Base):
    """A calendar entry; `seats_taken` is kept with every answer, under this row's lock."""

    __tablename__ = "events"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    uid: Mapped[str] = mapped_column(Text)
    title: Mapped[str] = mapped_column(Text)
    slug: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    event_type: Mapped[str] = mapped_column(Text)
    start_date: Mapped[datetime]
    end_date: Mapped[datetime]
    timezone: Mapped[str] = mapped_column(Text)
    location: Mapped[str] = mapped_column(Text)
    max_attendees: Mapped[int | None] = mapped_column(Integer)
    rsvp_deadline: Mapped[datetime | None]
    require_approval: Mapped[bool]
    allow_guests: Mapped[bool]
    max_party_size: Mapped[int] = mapped_column(Integer)
    waitlist_enabled: Mapped[bool]
    send_reminders: Mapped[bool]
    reminder_days_before: Mapped[list[int]] = mapped_column(ARRAY(Integer))
    guest_list_visible: Mapped[bool]
    questions: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    status: Mapped[str] = mapped_column(Text, default=EventStatus.DRAFT)
    created_by: Mapped[int] = mapped_column(BigInteger)
    calendar_sequence: Mapped[int] = mapped_column(Integer, default=0)
    seats_taken: Mapped[int] = mapped_column(Integer, default=0)
    last_queue_number: Mapped[int] = mapped_column(BigInteger, default=0)
    search: Mapped[str] = mapped_column(
        TSVECTOR, Computed(SEARCHED, persisted=True), deferred=True, deferred_raiseload=True
    )

    __table_args__ = (
        UniqueConstraint("uid"),
        UniqueConstraint("slug"),
        CheckConstraint("status in ('draft', 'published', 'cancelled', 'completed')", "status"),
        CheckConstraint("end_date >= start_date", "end_date"),
        CheckConstraint("rsvp_deadline <= start_date", "rsvp_deadline"),
        CheckConstraint("max_attendees >= 1 and max_party_size >= 1", "sizes"),
        # The last word on seats, whatever the code above believes.
        CheckConstraint("seats_taken between 0 and coalesce(max_attendees, seats_taken)", "seats"),
        Index(None, "start_date", "id", postgresql_where=ALIVE),
        Index(None, "created_at", "id", postgresql_where=ALIVE),
        Index(None, "title", "id", postgresql_where=ALIVE),
        Index("ix_events_status_start_date", "status", "start_date", "id", postgresql_where=ALIVE),
        Index(None, "search", postgresql_using="gin"),
    )

    def revise(self, values: Mapping[str, Any], *, at: datetime) -> list[str]:
        """Change fields as an editor asks; gives the names of those that differed."""
        values = self._with_end(values)
        check_dates({name: values.get(name, getattr(self, name)) for name in DATES})
        capacity = values.get("max_attendees", self.max_attendees)
        if capacity is not None and capacity < self.seats_taken:
            raise CapacityBelowSeatsTakenError(
                f"{self.seats_taken} seats are taken; max_attendees can't be {capacity}."
            )
        changed = self.change(values, at=at)
        if self.is_rescheduled_by(changed):
            self.calendar_sequence += 1
        return changed

    def _with_end(self, values: Mapping[str, Any]) -> Mapping[str, Any]:
        """An event without an end ends when it starts, also where it is moved to."""
        if values.get("end_date", self.end_date if self.has_end else None) is not None:
            return values
        return {**values, "end_date": values.get("start_date", self.start_date)}

    @property
    def has_end(self) -> bool:
        return self.end_date > self.start_date

    def is_rescheduled_by(self, changed: list[str]) -> bool:
        """Whether a change of these fields is one that guests have to know."""
        return self.is_published and not SCHEDULE.isdisjoint(changed)

    def become(self, status: EventStatus, *, at: datetime) -> bool:
        """Publish, cancel or complete it; False if that is done. Nothing becomes a draft again."""
        moves = {
            EventStatus.PUBLISHED: self.publish,
            EventStatus.CANCELLED: self.cancel,
            EventStatus.COMPLETED: self.complete,
        }
        if status in moves:
            return moves[status](at=at)
        if self.status != status:
            self._move(set(), status, at)
        return False

    def publish(self, *, at: datetime) -> bool:
        """Open a draft; False if it is open already."""
        if self.is_published:
            return False
        self._move({EventStatus.DRAFT}, EventStatus.PUBLISHED, at)
        return True

    def cancel(self, *, at: datetime) -> bool:
        """Call the event off; False if it was already."""
        if self.status == EventStatus.CANCELLED:
            return False
        self._move({EventStatus.DRAFT, EventStatus.PUBLISHED}, EventStatus.CANCELLED, at)
        self.calendar_sequence += 1
        return True

    def complete(self, *, at: datetime) -> bool:
        """Close an event that is over; False if it was already."""
        if self.status == EventStatus.COMPLETED:
            return False
        if at < self.end_date:
            raise EventStatusError("An event can be completed once it has ended.")
        self._move({EventStatus.PUBLISHED}, EventStatus.COMPLETED, at)
        return True

    def delete(self, *, at: datetime) -> None:
        """Remove a draft or a cancelled event from sight."""
        if self.status not in {EventStatus.DRAFT, EventStatus.CANCELLED}:
            raise EventStatusError(f"A {self.status} event can't be deleted; cancel it first.")
        self.change({"deleted_at": at}, at=at)

    def _move(self, origins: set[EventStatus], target: EventStatus, at: datetime) -> None:
        if self.status not in origins:
            raise EventStatusError(f"A {self.status} event can't become {target}.")
        self.change({"status": target}, at=at)

    @property
    def links_expire_at(self) -> datetime:
        """When guests' links that are mailed now end; later, once the event has moved."""
        return self.end_date + LINKS_OUTLIVE_EVENTS_BY

    @property
    def is_published(self) -> bool:
        return self.status == EventStatus.PUBLISHED

    @property
    def answer_until(self) -> datetime:
        """Until when guests may answer: the deadline, or the beginning where there is none."""
        return self.rsvp_deadline or self.start_date

    def is_open(self, *, at: datetime) -> bool:
        """Whether guests may answer now."""
        return self.is_published and at <= self.answer_until

    def hands_out_seats(self, *, at: datetime) -> bool:
        """Whether those who wait may still move up."""
        is_on = self.status in {EventStatus.DRAFT, EventStatus.PUBLISHED}
        return is_on and at <= self.end_date

    @property
    def seats_left(self) -> int | None:
        """None where there is no limit."""
        return None if self.max_attendees is None else self.max_attendees - self.seats_taken

    def state(self) -> EventState:
        """The event as its followers on the bus know it."""
        return EventState.model_validate(self, from_attributes=True)


DATES = ("start_date", "end_date", "rsvp_deadline")
