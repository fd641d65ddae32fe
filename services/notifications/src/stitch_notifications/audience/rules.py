"""How facts become the picture: decisions without I/O."""

from collections.abc import Iterable
from typing import Any

from stitch_common.contracts.events import (
    EventCancelled,
    EventCreated,
    EventDeleted,
    EventPublished,
    EventRescheduled,
    EventUpdated,
    GuestInvited,
    RSVPCancelled,
    RSVPCheckedIn,
    RSVPCreated,
    RSVPPromoted,
    RSVPUpdated,
)
from stitch_notifications.audience.models import DELETED, OFF_THE_LIST

EventFact = (
    EventCreated | EventUpdated | EventPublished | EventRescheduled | EventCancelled | EventDeleted
)
GuestFact = GuestInvited | RSVPCreated | RSVPUpdated | RSVPCancelled | RSVPPromoted | RSVPCheckedIn

Row = dict[str, Any]


def newest_events(facts: Iterable[EventFact]) -> list[Row]:
    """One row an event, of its highest version."""
    ordered = sorted(facts, key=lambda fact: fact.version)
    return list({fact.event_id: _event_row(fact) for fact in ordered}.values())


def newest_guests(facts: Iterable[GuestFact]) -> list[Row]:
    """One row a guest, of their highest version."""
    ordered = sorted(facts, key=lambda fact: fact.version)
    return list({fact.rsvp_id: _guest_row(fact) for fact in ordered}.values())


def _event_row(fact: EventFact) -> Row:
    row: Row = {"event_id": fact.event_id, "version": fact.version}
    if isinstance(fact, EventDeleted):
        return {**row, "status": DELETED, "state": None}
    return {**row, "status": fact.event.status, "state": fact.event.model_dump(mode="json")}


def _guest_row(fact: GuestFact) -> Row:
    return {
        "rsvp_id": fact.rsvp_id,
        "event_id": fact.rsvp.event_id,
        "version": fact.version,
        "email": fact.rsvp.email,
        "name": fact.rsvp.name,
        "status": OFF_THE_LIST if isinstance(fact, RSVPCancelled) else fact.rsvp.status,
        "awaits_confirmation": isinstance(fact, RSVPCreated) and fact.confirm_by_mail,
        "state": fact.rsvp.model_dump(mode="json"),
    }
