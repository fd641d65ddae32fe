"""Bodies and views of answers."""

from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, EmailStr, Field, StringConstraints

from stitch_common.contracts.base import UTCDatetime
from stitch_common.http.bodies import RequestBody
from stitch_events.events.service import EmptyForNone, PublicEvent
from stitch_events.rsvps.models import RSVP, RSVPStatus

MAX_EMAIL = 254
"""RFC 5321 §4.5.3.1.3, without the angle brackets."""

Line = Annotated[str, StringConstraints(max_length=200), EmptyForNone]
Paragraph = Annotated[str, StringConstraints(max_length=2000), EmptyForNone]
PartySize = Annotated[int, Field(ge=1, le=100)]
Phone = Annotated[str, StringConstraints(max_length=50), EmptyForNone]
QuestionId = Annotated[str, StringConstraints(max_length=60)]
GuestAnswers = Annotated[dict[QuestionId, Paragraph], Field(max_length=20)]


Email = Annotated[EmailStr, Field(max_length=MAX_EMAIL)]


class AnswerStatus(StrEnum):
    """What a guest may say."""

    ACCEPTED = "accepted"
    DECLINED = "declined"
    MAYBE = "maybe"


class Companion(BaseModel):
    """Somebody who comes with the guest."""

    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
    dietary_restrictions: Line = ""


class RSVPFields(RequestBody):
    """What a guest tells with an answer; what is not sent stays as it is."""

    name: Line = ""
    phone: Phone = ""
    company: Line = ""
    guest_count: PartySize = 1
    """The whole party, the guest included."""
    party: Annotated[list[Companion], Field(max_length=99)] = Field(default=[])
    """Those who come with the guest, as far as they are named."""
    dietary_restrictions: Paragraph = ""
    special_requests: Paragraph = ""
    answers: GuestAnswers = Field(default={})
    """Answers to the event's questions by question id."""

    def values(self) -> dict[str, Any]:
        """The columns to change; names alone say how many come."""
        dumped = self.model_dump()
        # Companions as a whole, also what was not sent of them.
        values = {name: dumped[name] for name in dumped.keys() & self.model_fields_set}
        if values.get("status", "") is None:
            del values["status"]
        if "party" in values and "guest_count" not in values:
            values["guest_count"] = len(self.party) + 1
        return values


class RSVPAnswer(RSVPFields):
    """A guest's answer to an invitation."""

    status: AnswerStatus | None = None


class Registration(RSVPFields):
    """Somebody who asks to come; the answer counts once the mailed link is used."""

    email: Email


class Registered(BaseModel):
    """What everybody is told who registers, known or not."""

    message: str = (
        "Thank you. We have sent you a mail: please confirm with the link in it that you will come."
    )


class RSVPView(BaseModel):
    """A guest and their answer, as editors see it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    event_id: int
    email: str
    name: str
    phone: str
    company: str
    status: RSVPStatus
    guest_count: int
    party: list[Companion]
    dietary_restrictions: str
    special_requests: str
    answers: dict[str, str]
    waitlist_position: int | None = None
    source: str
    approval: str | None
    invitation: int
    invited_at: UTCDatetime | None
    responded_at: UTCDatetime | None
    checked_in: bool
    checked_in_at: UTCDatetime | None
    created_at: UTCDatetime
    updated_at: UTCDatetime
    deleted_at: UTCDatetime | None
    version: int

    @classmethod
    def of(cls, rsvp: RSVP, waitlist_position: int | None) -> Self:
        view = cls.model_validate(rsvp)
        return view.model_copy(update={"waitlist_position": waitlist_position})


class GuestRSVP(BaseModel):
    """A guest's own answer and what it is about; without any id."""

    event: PublicEvent
    email: str
    name: str
    phone: str
    company: str
    status: RSVPStatus
    guest_count: int
    party: list[Companion]
    dietary_restrictions: str
    special_requests: str
    answers: dict[str, str]
    waitlist_position: int | None
    needs_confirmation: bool
    """The guest registered by the public form and has not confirmed yet."""
    awaits_approval: bool
    is_rejected: bool
    responded_at: UTCDatetime | None
    others: list[str]
    """Who else comes, where the event shows it."""
    version: int

    @classmethod
    def of(cls, rsvp: RSVP, event: PublicEvent, *, position: int | None, others: list[str]) -> Self:
        derived = {"event": event, "waitlist_position": position, "others": others}
        fields = {name: getattr(rsvp, name) for name in cls.model_fields if name not in derived}
        return cls.model_validate({**fields, **derived})
