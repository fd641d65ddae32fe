"""Bodies and queries of the guest list."""

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from pydantic import BaseModel, StringConstraints

from stitch_common.errors import InvalidFieldError
from stitch_events.events.service import EventView
from stitch_events.rsvps.models import RSVPStatus
from stitch_events.rsvps.service import Registration, RSVPAnswer, RSVPFields, RSVPView


class EditorStatus(StrEnum):
    """What an editor may set; who has to wait is decided by the seats."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    MAYBE = "maybe"


class NewGuest(Registration):
    """A guest whom an editor puts on the list; an accepted one takes a seat at once."""

    status: EditorStatus = EditorStatus.ACCEPTED

    def registration(self) -> Registration:
        """The same without what only an editor may set."""
        return Registration(**self.model_dump(exclude_unset=True, exclude={"status"}))


class GuestChange(RSVPFields):
    """New values of some fields of a guest."""

    status: EditorStatus | None = None

    def answer(self) -> RSVPAnswer:
        """The same as a guest may say it; InvalidFieldError for what only an editor may."""
        if self.status is EditorStatus.PENDING:
            raise InvalidFieldError.of("/status", "A guest accepts, declines, or says maybe.")
        return RSVPAnswer(**self.model_dump(exclude_unset=True))


class GuestSort(StrEnum):
    """The orders in which guests are listed."""

    NEWEST = "-id"
    OLDEST = "id"
    UPDATED = "updated_at"


class GuestFilters(BaseModel):
    """Which guests are listed; with `updated_since`, those who were removed as well."""

    event_id: int | None = None
    status: RSVPStatus | None = None
    search: Annotated[str | None, StringConstraints(max_length=200)] = None
    checked_in: bool | None = None
    updated_since: datetime | None = None
    sort: GuestSort = GuestSort.NEWEST


class EventDetail(BaseModel):
    """An event with its guests."""

    event: EventView
    rsvps: list[RSVPView]
