"""Facts as other services tell them."""

from datetime import datetime, timedelta
from typing import Any

from stitch_common.contracts.auth import UserRegistered
from stitch_common.contracts.content import ContentCreated
from stitch_common.contracts.events import EventState, RSVPState
from stitch_common.contracts.notifications import EmailSent
from stitch_common.testing.clock import NOW


def content_told(content_id: int, version: int = 1, **told: Any) -> dict[str, Any]:
    """What every fact about content says."""
    usual = {
        "at": NOW + timedelta(minutes=version),
        "title": f"Item {content_id}",
        "slug": f"item-{content_id}",
        "content_type": "article",
        "status": "draft",
        "author_id": 1,
    }
    return {"content_id": content_id, "version": version, **usual, **told}


def content_created(content_id: int, **told: Any) -> ContentCreated:
    return ContentCreated(**content_told(content_id, **told))


def event_told(event_id: int, version: int = 1, **state: Any) -> dict[str, Any]:
    """What facts about an event say; `state` is what differs from the usual event."""
    usual = {
        "title": f"Event {event_id}",
        "slug": f"event-{event_id}",
        "description": "",
        "event_type": "party",
        "start_date": NOW + timedelta(days=7),
        "end_date": NOW + timedelta(days=7, hours=2),
        "timezone": "UTC",
        "location": "Here",
        "status": "draft",
        "rsvp_deadline": None,
        "max_attendees": None,
        "send_reminders": False,
        "reminder_days_before": [],
        "created_by": 1,
        "uid": f"uid-{event_id}",
        "calendar_sequence": 0,
    }
    return {
        "event_id": event_id,
        "version": version,
        "at": NOW + timedelta(minutes=version),
        "event": EventState(**{**usual, **state}),
    }


def rsvp_told(rsvp_id: int, version: int = 1, **state: Any) -> dict[str, Any]:
    """What facts about an RSVP say."""
    usual = {
        "event_id": 1,
        "email": f"guest{rsvp_id}@example.org",
        "name": f"Guest {rsvp_id}",
        "status": "pending",
        "party_size": 1,
        "dietary_restrictions": "",
        "link_version": 1,
        "link_expires_at": NOW + timedelta(days=30),
        "waitlist_position": None,
    }
    return {
        "rsvp_id": rsvp_id,
        "version": version,
        "at": NOW + timedelta(minutes=version),
        "rsvp": RSVPState(**{**usual, **state}),
    }


def email_told(delivery_id: int, version: int = 1) -> dict[str, Any]:
    """What facts about a mail say."""
    return {
        "delivery_id": delivery_id,
        "version": version,
        "kind": "invitation",
        "event_id": 1,
        "rsvp_id": delivery_id,
        "at": NOW + timedelta(minutes=version),
    }


def email_sent(delivery_id: int, version: int = 2) -> EmailSent:
    return EmailSent(**email_told(delivery_id, version), attempts=1)


def user_registered(user_id: int, at: datetime = NOW) -> UserRegistered:
    return UserRegistered(
        user_id=user_id,
        version=1,
        at=at,
        email=f"user{user_id}@example.org",
        username=f"user{user_id}",
        full_name=f"User {user_id}",
        role="viewer",
    )
