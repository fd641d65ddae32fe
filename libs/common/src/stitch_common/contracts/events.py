"""Facts of the events service."""

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from stitch_common.contracts.base import Fact, UTCDatetime


class EventState(BaseModel):
    """The whole calendar entry as its followers need it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    title: str
    slug: str
    description: str
    event_type: str
    start_date: UTCDatetime
    end_date: UTCDatetime
    timezone: str
    location: str
    status: str
    rsvp_deadline: UTCDatetime | None
    max_attendees: int | None
    send_reminders: bool
    reminder_days_before: list[int]
    created_by: int
    uid: str
    """RFC 5545 UID: stable, and not made of an id."""
    calendar_sequence: int
    """RFC 5545 SEQUENCE: rises only on a material change."""
    links_expire_at: UTCDatetime | None = None
    """Until when links that are mailed now are to work. Older facts do not say it."""


class _EventFact(Fact):
    aggregate: ClassVar[str] = "event_id"

    event_id: int
    version: int
    at: UTCDatetime


class EventCreated(_EventFact):
    """An event exists, as a draft."""

    subject: ClassVar[str] = "stitch.events.event.created.v1"

    event: EventState


class EventUpdated(_EventFact):
    """Fields of an event have changed; `changed` names them."""

    subject: ClassVar[str] = "stitch.events.event.updated.v1"

    event: EventState
    changed: list[str]


class EventPublished(_EventFact):
    """An event is open to the public and guests may be invited."""

    subject: ClassVar[str] = "stitch.events.event.published.v1"

    event: EventState


class EventRescheduled(_EventFact):
    """Time or place of a published event have changed; `notify` says whether guests are told."""

    subject: ClassVar[str] = "stitch.events.event.rescheduled.v1"

    event: EventState
    changed: list[str]
    previous_start_date: UTCDatetime
    previous_end_date: UTCDatetime
    previous_location: str
    previous_timezone: str | None = None
    """Older facts do not say it."""
    notify: bool


class EventCancelled(_EventFact):
    """An event will not take place; `notify` says whether guests are told."""

    subject: ClassVar[str] = "stitch.events.event.cancelled.v1"

    event: EventState
    notify: bool


class EventDeleted(_EventFact):
    """A draft or cancelled event was removed."""

    subject: ClassVar[str] = "stitch.events.event.deleted.v1"


class RSVPState(BaseModel):
    """A guest's answer as its followers need it."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    event_id: int
    email: str
    name: str
    status: str
    """pending | accepted | declined | maybe | waitlisted | cancelled"""
    party_size: int
    dietary_restrictions: str
    link_version: int
    link_expires_at: UTCDatetime
    waitlist_position: int | None
    needs_confirmation: bool | None = None
    """The address came by the public form, and nobody has shown that it is theirs: it gets no mail
    but the one that asks for that. Older facts do not say it."""
    awaits_approval: bool = False
    """The guest has asked for a seat, and the host has not decided yet."""
    is_rejected: bool = False
    """The host has declined the registration."""
    invitation: int | None = None
    """How often the guest was invited. Older facts do not say it."""


class _RSVPFact(Fact):
    aggregate: ClassVar[str] = "rsvp_id"

    rsvp_id: int
    version: int
    at: UTCDatetime
    rsvp: RSVPState


class GuestInvited(_RSVPFact):
    """A guest is on the list and is due an invitation mail with a link of their own.

    `invitation` numbers the invitations of this guest: 1, and one more with each `resend`.
    """

    subject: ClassVar[str] = "stitch.events.guest.invited.v1"

    batch_id: str
    template_id: int | None
    invitation: int


class InvitationsRefused(Fact):
    """Some or all people of one `InvitationsRequested` were not invited.

    Together with the guests who were, they are all of that part, so a batch can be complete.
    """

    subject: ClassVar[str] = "stitch.events.invitations.refused.v1"
    aggregate: ClassVar[str] = "batch_id"

    batch_id: str
    part: int
    event_id: int
    refused: int
    """How many people."""
    reason: str
    """event-not-open | event-not-found | already-invited"""
    at: UTCDatetime


class RSVPCreated(_RSVPFact):
    """Somebody registered through the public form, also again, or an editor added a guest.

    `confirm_by_mail`: whoever filled in the form is waiting for the guest's link by mail.
    """

    subject: ClassVar[str] = "stitch.events.rsvp.created.v1"

    confirm_by_mail: bool


class RSVPUpdated(_RSVPFact):
    """A guest's answer has changed; `by_guest` tells whether the guest did it.

    `changed` names `approval` where the host has decided on a registration, and `link_version`
    where all links so far are worthless and the guest is due a new one.
    """

    subject: ClassVar[str] = "stitch.events.rsvp.updated.v1"

    previous_status: str
    changed: list[str]
    by_guest: bool


class RSVPCancelled(_RSVPFact):
    """A guest is no longer on the list."""

    subject: ClassVar[str] = "stitch.events.rsvp.cancelled.v1"

    previous_status: str


class RSVPPromoted(_RSVPFact):
    """A waiting guest has got a seat."""

    subject: ClassVar[str] = "stitch.events.rsvp.promoted.v1"


class RSVPCheckedIn(_RSVPFact):
    """A guest has arrived."""

    subject: ClassVar[str] = "stitch.events.rsvp.checked_in.v1"
