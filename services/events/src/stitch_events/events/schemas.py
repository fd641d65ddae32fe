"""Bodies and views of events."""

import re
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    model_validator,
)

from stitch_common.contracts.base import UTCDatetime
from stitch_common.http.bodies import RequestBody
from stitch_common.moments import WrittenOut
from stitch_events.events.models import Event, EventStatus
from stitch_events.events.rules import MAX_SLUG, known_zones, slug_of

T = TypeVar("T")

YEARS = range(1970, 9000)
"""What every clock, calendar and time zone on the way can hold."""


def _within_years(value: datetime) -> datetime:
    if value.year not in YEARS:
        message = f"must lie between the years {YEARS.start} and {YEARS.stop}"
        raise ValueError(message)
    return value.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_within_years), WrittenOut]
"""A time with an offset; it becomes UTC."""

Size = Annotated[int, Field(ge=1, le=1_000_000)]


def unique(values: list[T]) -> list[T]:
    """In their order; the second of two equal ones is dropped."""
    return list(dict.fromkeys(values))


QUESTION_ID = re.compile(r"[a-z0-9_-]{1,60}")


def _known_zone(name: str) -> str:
    if name not in known_zones():
        message = "must be an IANA time zone such as Europe/Berlin"
        raise ValueError(message)
    return name


Title = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=MAX_SLUG)]
EmptyForNone = BeforeValidator(lambda value: "" if value is None else value)
"""The existing frontend sends null for a text that was left blank."""

Description = Annotated[str, StringConstraints(max_length=20_000), EmptyForNone]
Location = Annotated[str, StringConstraints(max_length=500), EmptyForNone]
EventType = Annotated[str, StringConstraints(min_length=1, max_length=50)]
UNUSED = datetime(1970, 1, 1, tzinfo=UTC)

Zone = Annotated[str, AfterValidator(_known_zone)]
ReminderDays = Annotated[
    list[Annotated[int, Field(ge=0, le=365)]], Field(max_length=10), AfterValidator(unique)
]


class QuestionType(StrEnum):
    """How a question is answered."""

    TEXT = "text"
    CHOICE = "choice"


class Question(BaseModel):
    """Something that guests are asked with their answer; a plain text is one, too."""

    id: Annotated[str, StringConstraints(pattern=f"^{QUESTION_ID.pattern}$")]
    label: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    type: QuestionType = QuestionType.TEXT
    required: bool = False
    options: Annotated[list[Title], Field(max_length=20), AfterValidator(unique)] = []

    @model_validator(mode="before")
    @classmethod
    def name_it(cls, given: Any) -> Any:
        """Accept a label alone, and derive the id from the label where there is none."""
        if isinstance(given, str):
            given = {"label": given}
        if isinstance(given, dict) and "id" not in given and isinstance(given.get("label"), str):
            given = {**given, "id": slug_of(given["label"])[:60]}
        return given

    @model_validator(mode="after")
    def check_options(self) -> "Question":
        if self.type is QuestionType.CHOICE and not self.options:
            message = "a choice needs options"
            raise ValueError(message)
        return self


def _distinct(questions: list[Question]) -> list[Question]:
    if len({question.id for question in questions}) < len(questions):
        message = "must not ask the same thing twice"
        raise ValueError(message)
    return questions


Questions = Annotated[list[Question], Field(max_length=20), AfterValidator(_distinct)]


class EventCreate(RequestBody):
    """A new event; it is a draft until it is published."""

    title: Title
    slug: Slug | None = None
    description: Description = ""
    event_type: EventType = "other"
    start_date: Moment
    end_date: Moment | None = None
    timezone: Zone = "UTC"
    location: Location = ""
    max_attendees: Size | None = None
    rsvp_deadline: Moment | None = None
    require_approval: bool = False
    allow_guests: bool = True
    max_party_size: Annotated[Size, Field(le=100)] = 10
    waitlist_enabled: bool = False
    send_reminders: bool = True
    reminder_days_before: ReminderDays = Field(default=[7, 1])
    guest_list_visible: bool = False
    questions: Questions = Field(default=[])

    def values(self) -> dict[str, Any]:
        """The columns; an event without an end ends when it starts."""
        values = self.model_dump(exclude={"slug"})
        return {**values, "end_date": self.end_date or self.start_date}


def _hide_defaults(schema: dict[str, Any]) -> None:
    schema.pop("required", None)
    for field in schema["properties"].values():
        field.pop("default", None)


class EventChange(RequestBody):
    """New values of some fields; those that are not sent stay as they are.

    The defaults below are never used: they only say that a field may be absent.
    """

    model_config = ConfigDict(json_schema_extra=_hide_defaults)

    title: Title = ""
    slug: Slug = ""
    description: Description = ""
    event_type: EventType = ""
    start_date: Moment = UNUSED
    end_date: Moment | None = None
    timezone: Zone = ""
    location: Location = ""
    max_attendees: Size | None = None
    rsvp_deadline: Moment | None = None
    require_approval: bool = False
    allow_guests: bool = True
    max_party_size: Annotated[Size, Field(le=100)] = 1
    waitlist_enabled: bool = False
    send_reminders: bool = True
    reminder_days_before: ReminderDays = Field(default=[])
    guest_list_visible: bool = False
    questions: Questions = Field(default=[])
    status: EventStatus = EventStatus.DRAFT

    def values(self) -> dict[str, Any]:
        """The columns to change, apart from the status, which is a transition."""
        values = self.model_dump(exclude={"status"})
        # Questions as a whole, also what was not sent of them.
        return {name: values[name] for name in values.keys() & self.model_fields_set}

    @property
    def wanted_status(self) -> EventStatus | None:
        return self.status if "status" in self.model_fields_set else None


class EventView(BaseModel):
    """An event with the counts of its answers."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    slug: str
    description: str
    event_type: str
    start_date: UTCDatetime
    end_date: UTCDatetime
    timezone: str
    location: str
    max_attendees: int | None
    rsvp_deadline: UTCDatetime | None
    require_approval: bool
    allow_guests: bool
    max_party_size: int
    waitlist_enabled: bool
    send_reminders: bool
    reminder_days_before: list[int]
    guest_list_visible: bool
    questions: list[Question]
    status: EventStatus
    created_by: int
    created_at: UTCDatetime
    updated_at: UTCDatetime
    version: int
    total_rsvps: int
    accepted_rsvps: int
    declined_rsvps: int
    maybe_rsvps: int
    pending_rsvps: int
    waitlisted_rsvps: int
    seats_taken: int


class ChangePreview(BaseModel):
    """What a change would do; nothing has happened."""

    dry_run: Literal[True] = True
    changed: list[str]
    guests_to_notify: int


class EventSort(StrEnum):
    """The orders in which events are listed."""

    START = "start_date"
    START_DESCENDING = "-start_date"
    CREATED = "created_at"
    CREATED_DESCENDING = "-created_at"
    TITLE = "title"
    TITLE_DESCENDING = "-title"


class EventFilters(BaseModel):
    """Which events are listed, and in which order."""

    status: EventStatus | None = None
    search: Annotated[str | None, StringConstraints(max_length=200)] = None
    starts_from: datetime | None = None
    starts_to: datetime | None = None
    sort: EventSort = EventSort.START_DESCENDING


class PublicEvent(BaseModel):
    """What anybody may know of an event that was published."""

    model_config = ConfigDict(from_attributes=True)

    title: str
    slug: str
    description: str
    event_type: str
    start_date: UTCDatetime
    end_date: UTCDatetime
    timezone: str
    location: str
    status: EventStatus
    rsvp_deadline: UTCDatetime | None
    require_approval: bool
    allow_guests: bool
    max_party_size: int
    waitlist_enabled: bool
    questions: list[Question]
    seats_left: int | None
    """None: as many as come."""
    answer_until: UTCDatetime
    is_open: bool
    """Whether an answer is taken now."""

    @classmethod
    def of(cls, event: Event, *, at: datetime) -> "PublicEvent":
        fields = {name: getattr(event, name) for name in cls.model_fields if name != "is_open"}
        return cls(**fields, is_open=event.is_open(at=at))
