"""A small history of a whole site, and what the dashboard must make of it."""

from datetime import timedelta
from typing import Any

from services.content.tests.factories import (
    content_created,
    content_told,
    email_sent,
    email_told,
    event_told,
    rsvp_told,
    user_registered,
)

from stitch_common.contracts import Fact
from stitch_common.contracts.auth import UserDeactivated, UserDeleted, UserVerified
from stitch_common.contracts.content import (
    ContentArchived,
    ContentPublished,
    ContentPurged,
    ContentRestored,
    ContentTrashed,
    ContentUnpublished,
    ContentUpdated,
    ModuleActivated,
    ModuleDeactivated,
    ModuleInstalled,
    ModuleRemoved,
)
from stitch_common.contracts.events import (
    EventCancelled,
    EventCreated,
    EventDeleted,
    EventPublished,
    EventRescheduled,
    GuestInvited,
    RSVPCancelled,
    RSVPCheckedIn,
    RSVPCreated,
    RSVPUpdated,
)
from stitch_common.contracts.notifications import (
    EmailBounced,
    EmailDeferred,
    EmailFailed,
    EmailOpened,
    EmailQueued,
)
from stitch_common.testing.clock import NOW


def _module(module_id: int, version: int) -> dict[str, Any]:
    return {
        "module_id": module_id,
        "version": version,
        "name": f"module-{module_id}",
        "module_version": "1.0",
        "at": NOW,
    }


def _deferred(delivery_id: int, version: int) -> EmailDeferred:
    told = email_told(delivery_id, version)
    return EmailDeferred(**told, attempts=1, next_attempt_at=NOW, smtp_reply="451")


def _invited(rsvp_id: int) -> GuestInvited:
    return GuestInvited(**rsvp_told(rsvp_id), batch_id="b", template_id=None, invitation=1)


def _answered(rsvp_id: int, version: int, status: str, **state: Any) -> RSVPUpdated:
    return RSVPUpdated(
        **rsvp_told(rsvp_id, version, status=status, **state),
        previous_status="pending",
        changed=["status"],
        by_guest=True,
    )


CONTENT: list[Fact] = [
    content_created(1, at=NOW - timedelta(days=3)),
    ContentPublished(**content_told(1, 2, status="published"), published_at=NOW),
    ContentUpdated(**content_told(1, 3, status="published", title="Renamed"), changed=["title"]),
    content_created(2, content_type="page"),
    ContentTrashed(**content_told(2, 2, status="trashed", content_type="page")),
    ContentPurged(**content_told(2, 3, status="trashed", content_type="page")),
    content_created(3, content_type="page"),
    ContentPublished(
        **content_told(3, 2, status="published", content_type="page"), published_at=NOW
    ),
    ContentUnpublished(**content_told(3, 3, content_type="page")),
    content_created(4, at=NOW - timedelta(days=1)),
    ContentArchived(**content_told(4, 2, status="archived")),
    content_created(5),
    ContentTrashed(**content_told(5, 2, status="trashed")),
    ContentRestored(**content_told(5, 3)),
    content_created(6, at=NOW - timedelta(days=400)),
    ContentTrashed(**content_told(6, 2, status="trashed")),
]
PEOPLE: list[Fact] = [
    *(user_registered(user_id) for user_id in (1, 2, 3)),
    UserVerified(user_id=1, version=2, at=NOW),
    UserDeactivated(user_id=2, version=2, at=NOW),
    UserDeleted(user_id=3, version=2, at=NOW),
]
MODULES: list[Fact] = [
    *(ModuleInstalled(**_module(module_id, 1)) for module_id in (1, 2, 3)),
    *(ModuleActivated(**_module(module_id, 2)) for module_id in (1, 2, 3)),
    ModuleDeactivated(**_module(2, 3)),
    ModuleRemoved(**_module(3, 3)),
]
EVENTS: list[Fact] = [
    EventCreated(**event_told(1)),
    EventPublished(**event_told(1, 2, status="published", title="Summer party")),
    EventCreated(**event_told(2)),
    EventPublished(**event_told(2, 2, status="published")),
    EventRescheduled(
        **event_told(2, 3, status="published", start_date=NOW - timedelta(days=1)),
        changed=["start_date"],
        previous_start_date=NOW,
        previous_end_date=NOW,
        previous_location="There",
        notify=True,
    ),
    EventCreated(**event_told(3)),
    EventCancelled(**event_told(3, 2, status="cancelled"), notify=False),
    EventDeleted(event_id=3, version=3, at=NOW),
]
GUESTS: list[Fact] = [
    *(_invited(rsvp_id) for rsvp_id in (1, 2, 3)),
    _answered(1, 2, "accepted"),
    RSVPCheckedIn(**rsvp_told(1, 3, status="accepted")),
    _answered(2, 2, "declined"),
    _answered(3, 2, "accepted"),
    RSVPCancelled(**rsvp_told(3, 3, status="accepted"), previous_status="accepted"),
    RSVPCreated(**rsvp_told(4, event_id=3), confirm_by_mail=True),
    _answered(4, 2, "accepted", event_id=3),
]
MAILS: list[Fact] = [
    *(EmailQueued(**email_told(delivery_id)) for delivery_id in (1, 2, 3, 4)),
    email_sent(1),
    EmailOpened(**email_told(1, 2), by_machine=False),
    _deferred(2, 2),
    email_sent(2, 3),
    EmailBounced(**email_told(2, 4)),
    EmailFailed(**email_told(3, 2), attempts=1, smtp_reply="550"),
]
HISTORY: list[Fact] = [*CONTENT, *PEOPLE, *MODULES, *EVENTS, *GUESTS, *MAILS]

STATS = {
    "total_content": 4,
    "published_content": 1,
    "draft_content": 2,
    "total_users": 2,
    "active_modules": 1,
    "total_events": 2,
    "upcoming_events": 1,
    "total_rsvps": 2,
    "accepted_rsvps": 1,
    "emails_sent": 2,
    "emails_failed": 1,
}
