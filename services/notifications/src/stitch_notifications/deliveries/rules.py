"""Which mail is due when, and how urgent it is: decisions without I/O."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from stitch_common.contracts import Fact
from stitch_common.contracts.auth import (
    EmailChanged,
    EmailVerificationRequested,
    PasswordResetRequested,
    RegistrationRepeated,
    SecurityNoticeRequested,
)
from stitch_common.contracts.events import (
    EventCancelled,
    EventRescheduled,
    GuestInvited,
    RSVPCreated,
    RSVPPromoted,
    RSVPUpdated,
)
from stitch_notifications.audience.models import answer_of, told_by
from stitch_notifications.templates.models import Kind

ACTIVE_ANSWERS = frozenset({"pending", "accepted", "maybe", "waitlisted"})
"""Guests who have not said no: they are told what happens to the event."""

_PRIORITY: Mapping[Kind, int] = {
    Kind.UPDATE: 1,
    Kind.CANCELLATION: 1,
    Kind.INVITATION: 2,
    Kind.REMINDER: 2,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A mail that a fact calls for."""

    kind: Kind
    occasion: str
    """No second mail of this kind is made for the same occasion."""
    recipient_email: str
    recipient_name: str
    event_id: int | None = None
    rsvp_id: int | None = None
    user_id: int | None = None
    batch_id: UUID | None = None
    template_id: int | None = None
    answer: str = ""
    expires_at: datetime | None = None
    """After this the mail would be of no use."""
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Announcement:
    """A mail that a fact calls for, to every active guest of an event."""

    kind: Kind
    event_id: int
    occasion: str
    title: str
    details: dict[str, Any] = field(default_factory=dict)


def priority(kind: Kind) -> int:
    """The lower, the sooner: mail that somebody waits for overtakes what goes to many."""
    return _PRIORITY.get(kind, 0)


def draft_for(fact: Fact) -> Draft | None:
    """The mail that this fact calls for, if any."""
    draft = None
    match fact:
        case GuestInvited():
            draft = _invitation(fact)
        case RSVPCreated() if fact.confirm_by_mail:
            draft = _to_guest(Kind.GUEST_LINK, fact, f"link:{fact.version}")
        case RSVPUpdated():
            draft = _news(fact)
        case RSVPPromoted():
            draft = _to_guest(Kind.WAITLIST, fact, f"seat:{fact.version}")
        case _:
            draft = _draft_about_account(fact)
    return draft


def _news(fact: RSVPUpdated) -> Draft | None:
    """What a guest is told of a changed answer: their own, and what the host has decided.

    A repeated answer has changed nothing and is not confirmed again.
    """
    is_decided = "approval" in fact.changed and fact.rsvp.status != fact.previous_status
    if is_decided or (fact.by_guest and fact.changed):
        return _to_guest(Kind.CONFIRMATION, fact, f"answer:{fact.version}")
    if "link_version" in fact.changed:
        return _to_guest(Kind.GUEST_LINK, fact, f"link:{fact.version}")
    return None


def _draft_about_account(fact: Fact) -> Draft | None:
    match fact:
        case EmailVerificationRequested():
            return _verification(fact)
        case RegistrationRepeated():
            return _note_on_repeated_registration(fact)
        case PasswordResetRequested():
            return _reset(fact)
        case EmailChanged():
            return _note_on_new_address(fact)
        case SecurityNoticeRequested():
            return _security_notice(fact)
        case _:
            return None


def announcement_for(fact: Fact) -> Announcement | None:
    """What this fact lets all active guests know, if anything."""
    match fact:
        case EventRescheduled() if fact.notify:
            details = {
                "changed": fact.changed,
                "start_date": fact.previous_start_date.isoformat(),
                "end_date": fact.previous_end_date.isoformat(),
                "location": fact.previous_location,
                "timezone": fact.previous_timezone,
            }
            kind = Kind.UPDATE
        case EventCancelled() if fact.notify:
            details, kind = {}, Kind.CANCELLATION
        case _:
            return None
    return Announcement(kind, fact.event_id, f"event:{fact.version}", fact.event.title, details)


def _invitation(fact: GuestInvited) -> Draft:
    draft = _to_guest(Kind.INVITATION, fact, f"invitation:{fact.invitation}")
    batch_id = UUID(fact.batch_id)
    return replace(draft, batch_id=batch_id, template_id=fact.template_id, details={})


def _to_guest(
    kind: Kind, fact: GuestInvited | RSVPCreated | RSVPUpdated | RSVPPromoted, occasion: str
) -> Draft:
    rsvp = told_by(fact)
    return Draft(
        kind=kind,
        occasion=f"rsvp:{fact.rsvp_id}:{occasion}",
        recipient_email=rsvp.email,
        recipient_name=rsvp.name,
        event_id=rsvp.event_id,
        rsvp_id=fact.rsvp_id,
        answer=answer_of(rsvp),
        details={"rsvp": rsvp.model_dump(mode="json")},
    )


def _verification(fact: EmailVerificationRequested) -> Draft:
    return Draft(
        kind=Kind.VERIFICATION,
        occasion=f"verification:{fact.verification_id}",
        recipient_email=fact.email,
        recipient_name=fact.full_name,
        user_id=fact.user_id,
        expires_at=fact.expires_at,
        details={
            "verification_id": fact.verification_id,
            "expires_at": fact.expires_at.isoformat(),
        },
    )


def _reset(fact: PasswordResetRequested) -> Draft:
    return Draft(
        kind=Kind.RESET,
        occasion=f"reset:{fact.reset_id}",
        recipient_email=fact.email,
        recipient_name=fact.full_name,
        user_id=fact.user_id,
        expires_at=fact.expires_at,
        details={
            "reset_id": fact.reset_id,
            "expires_at": fact.expires_at.isoformat(),
            "is_invitation": fact.is_invitation,
        },
    )


def _note_on_new_address(fact: EmailChanged) -> Draft:
    return Draft(
        kind=Kind.EMAIL_CHANGED,
        occasion=f"user:{fact.user_id}:{fact.at.isoformat()}",
        recipient_email=fact.old_email,
        recipient_name=fact.full_name,
        user_id=fact.user_id,
        details={"email": fact.email, **_objection(fact)},
    )


def _security_notice(fact: SecurityNoticeRequested) -> Draft:
    return Draft(
        kind=Kind.SECURITY_NOTICE,
        occasion=f"notice:{fact.notice_id}",
        recipient_email=fact.email,
        recipient_name=fact.full_name,
        user_id=fact.user_id,
        expires_at=fact.expires_at,
        details={
            "about": fact.about,
            "at": fact.at.isoformat(),
            "ip": fact.ip,
            "device": fact.device,
            "notice_id": fact.notice_id,
            "expires_at": fact.expires_at.isoformat(),
        },
    )


def _objection(fact: EmailChanged | RegistrationRepeated) -> dict[str, Any]:
    """What the link is made of with which the owner objects."""
    if fact.notice_id is None or fact.notice_expires_at is None:
        return {}
    return {"notice_id": fact.notice_id, "expires_at": fact.notice_expires_at.isoformat()}


def _note_on_repeated_registration(fact: RegistrationRepeated) -> Draft:
    return Draft(
        kind=Kind.REGISTRATION_REPEATED,
        # One mail an hour, so that nobody can flood an owner's inbox with registrations.
        occasion=f"user:{fact.user_id}:{fact.at:%Y-%m-%dT%H}",
        recipient_email=fact.email,
        recipient_name=fact.full_name,
        user_id=fact.user_id,
        details=_objection(fact),
    )
