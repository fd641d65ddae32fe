"""Facts as events and auth publish them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from stitch_common.bus.inbox import Received
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
    EventPublished,
    EventRescheduled,
    EventState,
    GuestInvited,
    RSVPCreated,
    RSVPPromoted,
    RSVPState,
    RSVPUpdated,
)
from stitch_common.contracts.questions import EventNow
from stitch_common.testing.clock import NOW

EVENT_ID = 7


class Nobody:
    """An owner of events that is never asked."""

    async def find(self, event_id: int) -> EventNow | None:
        raise AssertionError(event_id)


def event_state(**changes: Any) -> EventState:
    usual: dict[str, Any] = {
        "title": "Summer concert",
        "slug": "summer-concert",
        "description": "An evening of chamber music in the old brewery.",
        "event_type": "concert",
        "start_date": datetime(2026, 6, 19, 17, 0, tzinfo=UTC),
        "end_date": datetime(2026, 6, 19, 20, 30, tzinfo=UTC),
        "timezone": "Europe/Berlin",
        "location": "Alte Brauerei, Hofgasse 4, Leipzig",
        "status": "published",
        "rsvp_deadline": datetime(2026, 6, 12, 22, 0, tzinfo=UTC),
        "max_attendees": 80,
        "send_reminders": True,
        "reminder_days_before": [7, 1],
        "created_by": 1,
        "uid": "c0ffee@stitch.example",
        "calendar_sequence": 0,
    }
    return EventState(**{**usual, **changes})


def published(event_id: int = EVENT_ID, *, version: int = 2, **changes: Any) -> EventPublished:
    return EventPublished(event_id=event_id, version=version, at=NOW, event=event_state(**changes))


def rsvp_state(number: int = 1, **changes: Any) -> RSVPState:
    usual: dict[str, Any] = {
        "event_id": EVENT_ID,
        "email": f"guest{number}@example.com",
        "name": f"Guest {number}",
        "status": "pending",
        "party_size": 1,
        "dietary_restrictions": "",
        "link_version": 1,
        "link_expires_at": NOW + timedelta(days=120),
        "waitlist_position": None,
        "needs_confirmation": False,
        "invitation": 0,
    }
    return RSVPState(**{**usual, **changes})


def invited(
    number: int = 1, *, version: int = 1, invitation: int = 1, **changes: Any
) -> GuestInvited:
    return GuestInvited(
        rsvp_id=number,
        version=version,
        at=NOW,
        rsvp=rsvp_state(number, **{"invitation": invitation, **changes}),
        batch_id=str(uuid4()),
        template_id=None,
        invitation=invitation,
    )


def registered(number: int = 1, *, version: int = 1, **changes: Any) -> RSVPCreated:
    """Somebody has filled in the public form."""
    rsvp = rsvp_state(number, **{"needs_confirmation": True, **changes})
    return RSVPCreated(rsvp_id=number, version=version, at=NOW, rsvp=rsvp, confirm_by_mail=True)


def answered(
    number: int = 1,
    *,
    version: int = 2,
    changed: Sequence[str] = ("status",),
    by_guest: bool = True,
    **changes: Any,
) -> RSVPUpdated:
    return RSVPUpdated(
        rsvp_id=number,
        version=version,
        at=NOW,
        rsvp=rsvp_state(number, **{"status": "accepted", **changes}),
        previous_status="pending",
        changed=list(changed),
        by_guest=by_guest,
    )


def decided(number: int = 1, *, is_rejected: bool = False, **changes: Any) -> RSVPUpdated:
    """The host has decided on a registration."""
    status = "declined" if is_rejected else "accepted"
    answer = {"status": status, "is_rejected": is_rejected}
    return answered(number, by_guest=False, changed=["approval", "status"], **{**answer, **changes})


def relinked(number: int = 1, **changes: Any) -> RSVPUpdated:
    """The links that a guest had so far are worthless."""
    return answered(number, by_guest=False, changed=["link_version"], **changes)


def promoted(number: int = 1, *, version: int = 3, **changes: Any) -> RSVPPromoted:
    rsvp = rsvp_state(number, **{"status": "accepted", **changes})
    return RSVPPromoted(rsvp_id=number, version=version, at=NOW, rsvp=rsvp)


def rescheduled(*, version: int = 5, notify: bool = True, **changes: Any) -> EventRescheduled:
    before = event_state()
    return EventRescheduled(
        event_id=EVENT_ID,
        version=version,
        at=NOW,
        event=event_state(**{"location": "Gewandhaus", "calendar_sequence": 1, **changes}),
        changed=["location"],
        previous_start_date=before.start_date,
        previous_end_date=before.end_date,
        previous_location=before.location,
        notify=notify,
    )


def noted_before(event: EventState, **changes: str) -> dict[str, str]:
    """What a mail about a change notes of how the event was."""
    usual = {
        "start_date": event.start_date.isoformat(),
        "end_date": event.end_date.isoformat(),
        "location": event.location,
    }
    return {**usual, **changes}


def cancelled(*, version: int = 6, notify: bool = True) -> EventCancelled:
    event = event_state(status="cancelled", calendar_sequence=2)
    return EventCancelled(event_id=EVENT_ID, version=version, at=NOW, event=event, notify=notify)


def registration_repeated(**changes: Any) -> RegistrationRepeated:
    usual = {"user_id": 5, "email": "old@example.com", "full_name": "Old Hand", "at": NOW}
    return RegistrationRepeated(**{**usual, **changes})


def reset_requested(**changes: Any) -> PasswordResetRequested:
    usual: dict[str, Any] = {
        "user_id": 5,
        "reset_id": 9,
        "email": "old@example.com",
        "full_name": "Old Hand",
        "expires_at": NOW + timedelta(minutes=30),
        "at": NOW,
    }
    return PasswordResetRequested(**{**usual, **changes})


def security_notice(**changes: Any) -> SecurityNoticeRequested:
    usual: dict[str, Any] = {
        "user_id": 5,
        "notice_id": 9,
        "about": "new-device",
        "email": "new@example.com",
        "full_name": "New Person",
        "ip": "203.0.113.7",
        "device": "Firefox on Linux",
        "expires_at": NOW + timedelta(days=3),
        "at": NOW,
    }
    return SecurityNoticeRequested(**{**usual, **changes})


def email_changed(**changes: Any) -> EmailChanged:
    usual: dict[str, Any] = {
        "user_id": 5,
        "old_email": "old@example.com",
        "email": "new@example.com",
        "full_name": "Old Hand",
        "at": NOW,
    }
    return EmailChanged(**{**usual, **changes})


def verification_requested(**changes: Any) -> EmailVerificationRequested:
    usual: dict[str, Any] = {
        "user_id": 5,
        "verification_id": 9,
        "email": "new@example.com",
        "full_name": "New Person",
        "expires_at": NOW + timedelta(hours=24),
        "at": NOW,
    }
    return EmailVerificationRequested(**{**usual, **changes})


def received(
    fact: Fact, *, consumer: str = "notifications-audience", traceparent: str | None = None
) -> Received:
    """A first delivery of this fact."""
    return Received(
        fact_id=uuid4(),
        consumer=consumer,
        subject=fact.subject,
        sequence=fact.sequence,
        occurred_at=fact.at,
        delivered=1,
        request_id=None,
        stream_sequence=1,
        traceparent=traceparent,
    )
