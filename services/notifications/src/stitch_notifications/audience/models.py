"""Events and guests as the newest known facts describe them."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Index,
    Integer,
    Text,
    false,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stitch_common.contracts.events import EventState, RSVPState
from stitch_notifications.audience.rules import DELETED, OFF_THE_LIST, told_by
from stitch_notifications.db import Base

__all__ = [
    "KnownAnswer",
    "KnownEvent",
    "KnownGuest",
    "answer_of",
    "awaits_approval",
    "told_by",
]


def answer_of(rsvp: RSVPState) -> str:
    """What mails call an answer: its status, or what that does not say.

    `rejected`: the host has declined it; `unconfirmed`: nobody has shown whose address it is.
    """
    if rsvp.is_rejected:
        return "rejected"
    return "unconfirmed" if rsvp.needs_confirmation else rsvp.status


class KnownEvent(Base):
    """An event; a deleted one stays, so that a late fact can't bring it back."""

    __tablename__ = "events"

    event_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    version: Mapped[int] = mapped_column(Integer)
    status: Mapped[str] = mapped_column(Text)
    """draft | published | cancelled | completed | deleted"""
    state: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))

    @property
    def is_published(self) -> bool:
        return self.status == "published"

    @property
    def is_draft(self) -> bool:
        return self.status == "draft"

    @property
    def is_off(self) -> bool:
        return self.status in {"cancelled", DELETED}

    @property
    def title(self) -> str:
        return str((self.state or {}).get("title", ""))

    def read(self) -> EventState:
        return EventState.model_validate(self.state)


@dataclass(frozen=True, slots=True)
class KnownAnswer:
    """What a guest has answered, and whether an invitation had asked for it."""

    status: str
    was_invited: bool
    awaits_approval: bool = False
    """Only the host's decision is still open."""


class KnownGuest(Base):
    """A guest of an event, with the newest known answer."""

    __tablename__ = "guests"

    rsvp_id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[int] = mapped_column(BigInteger)
    version: Mapped[int] = mapped_column(Integer)
    email: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
    """pending | accepted | declined | maybe | waitlisted | cancelled"""
    awaits_confirmation: Mapped[bool] = mapped_column(Boolean)
    """Nobody has shown yet that the address is theirs: no mail but the one that asks for it."""
    state: Mapped[dict[str, Any]] = mapped_column(JSONB)

    __table_args__ = (
        Index("ix_guests_event_id_status", "event_id", "status"),
        Index("ix_guests_event_id_address", "event_id", text("lower(email)")),
    )

    @property
    def is_coming(self) -> bool:
        """Or may be."""
        return self.status not in {"declined", OFF_THE_LIST}

    @property
    def is_off_the_list(self) -> bool:
        return self.status == OFF_THE_LIST

    def read(self) -> RSVPState:
        return RSVPState.model_validate(self.state)


def awaits_approval() -> ColumnElement[bool]:
    """Whether only the host's decision on a guest is still open; older facts do not say it."""
    return func.coalesce(KnownGuest.state["awaits_approval"].as_boolean(), false())
