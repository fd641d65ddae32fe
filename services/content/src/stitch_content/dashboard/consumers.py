"""Facts in: what each of them tells the dashboard, and the question to forget some of them."""

from typing import Any, get_args

from stitch_common.bus.consumer import BatchConsumer
from stitch_common.bus.inbox import Received
from stitch_common.bus.questions import Answer
from stitch_common.contracts import Fact
from stitch_common.contracts.auth import (
    UserDeactivated,
    UserDeleted,
    UserRegistered,
    UserRoleChanged,
    UserUpdated,
    UserVerified,
)
from stitch_common.contracts.content import (
    ContentArchived,
    ContentCreated,
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
    EventUpdated,
    GuestInvited,
    RSVPCancelled,
    RSVPCheckedIn,
    RSVPCreated,
    RSVPPromoted,
    RSVPUpdated,
)
from stitch_common.contracts.notifications import (
    EmailBounced,
    EmailClicked,
    EmailDeferred,
    EmailFailed,
    EmailOpened,
    EmailQueued,
    EmailSent,
)
from stitch_common.contracts.questions import ForgetDashboard, Forgotten, Question
from stitch_content.dashboard.rules import ACTIVE, GONE, INACTIVE, PRESENT, Sighting
from stitch_content.dashboard.service import DashboardService

NAME = "content-dashboard"

UserFact = (
    UserRegistered | UserVerified | UserUpdated | UserRoleChanged | UserDeactivated | UserDeleted
)
ContentFact = (
    ContentCreated | ContentUpdated | ContentPublished | ContentUnpublished | ContentArchived
    | ContentTrashed | ContentRestored | ContentPurged
)  # fmt: skip
ModuleFact = ModuleInstalled | ModuleActivated | ModuleDeactivated | ModuleRemoved
EventFact = EventCreated | EventUpdated | EventPublished | EventRescheduled | EventCancelled
RSVPFact = GuestInvited | RSVPCreated | RSVPUpdated | RSVPCancelled | RSVPPromoted | RSVPCheckedIn
EmailFact = (
    EmailQueued | EmailSent | EmailDeferred | EmailFailed | EmailBounced | EmailOpened
    | EmailClicked
)  # fmt: skip
FACTS: list[type[Fact]] = [
    fact
    for kind in (UserFact, ContentFact, ModuleFact, EventFact, RSVPFact, EmailFact)
    for fact in get_args(kind)
] + [EventDeleted]

MODULE_STATES: dict[type[Fact], str] = {
    ModuleInstalled: INACTIVE,
    ModuleActivated: ACTIVE,
    ModuleDeactivated: INACTIVE,
    ModuleRemoved: GONE,
}
EMAIL_STATES: dict[type[Fact], str] = {
    EmailQueued: "pending",
    EmailDeferred: "deferred",
    EmailSent: "sent",
    EmailOpened: "sent",
    EmailClicked: "sent",
    EmailBounced: "bounced",
    EmailFailed: "failed",
}


class NotOursError(Exception):
    """A fact came that the dashboard has not asked for."""


def dashboard_consumer(dashboard: DashboardService) -> BatchConsumer:
    async def on_facts(batch: list[tuple[Fact, Received]]) -> None:
        await dashboard.take([(sighting_of(fact), received) for fact, received in batch])

    return BatchConsumer(NAME, FACTS, on_facts)


def dashboard_answers(dashboard: DashboardService) -> dict[type[Question[Any]], Answer]:
    async def forget(question: ForgetDashboard) -> Forgotten:
        return Forgotten(facts=await dashboard.forget(NAME, question.since))

    return {ForgetDashboard: forget}


def sighting_of(fact: Fact) -> Sighting:
    """What a fact tells about the thing that it is about."""
    if isinstance(fact, ContentFact):
        return _content(fact)
    if isinstance(fact, EventFact | EventDeleted):
        return _event(fact)
    if isinstance(fact, RSVPFact):
        return _rsvp(fact)
    if isinstance(fact, EmailFact):
        return _email(fact)
    if isinstance(fact, ModuleFact):
        return _module(fact)
    if isinstance(fact, UserFact):
        return _user(fact)
    raise NotOursError(fact.subject)


def _content(fact: ContentFact) -> Sighting:
    return Sighting(
        "content",
        fact.content_id,
        fact.version,
        fact.at,
        fact.subject,
        GONE if isinstance(fact, ContentPurged) else fact.status,
        category=fact.content_type,
        title=fact.title,
        is_beginning=isinstance(fact, ContentCreated),
        is_news=True,
    )


def _event(fact: EventFact | EventDeleted) -> Sighting:
    told = ("event", fact.event_id, fact.version, fact.at, fact.subject)
    if isinstance(fact, EventDeleted):
        return Sighting(*told, GONE, parent=fact.event_id, is_news=True)
    return Sighting(
        *told,
        fact.event.status,
        parent=fact.event_id,
        starts_at=fact.event.start_date,
        title=fact.event.title,
        is_beginning=isinstance(fact, EventCreated),
        is_news=True,
    )


def _rsvp(fact: RSVPFact) -> Sighting:
    """A guest's name is not told: viewers read the dashboard, and only editors see guests."""
    return Sighting(
        "rsvp",
        fact.rsvp_id,
        fact.version,
        fact.at,
        fact.subject,
        GONE if isinstance(fact, RSVPCancelled) else fact.rsvp.status,
        parent=fact.rsvp.event_id,
        is_beginning=isinstance(fact, GuestInvited | RSVPCreated),
        # A send invites thousands: they would leave no room for anything else.
        is_news=not isinstance(fact, GuestInvited),
    )


def _email(fact: EmailFact) -> Sighting:
    return Sighting(
        "email",
        fact.delivery_id,
        fact.version,
        fact.at,
        fact.subject,
        EMAIL_STATES[type(fact)],
        category=fact.kind,
        is_beginning=isinstance(fact, EmailSent),
    )


def _module(fact: ModuleFact) -> Sighting:
    return Sighting(
        "module",
        fact.module_id,
        fact.version,
        fact.at,
        fact.subject,
        MODULE_STATES[type(fact)],
        title=fact.name,
        is_beginning=isinstance(fact, ModuleInstalled),
        is_news=True,
    )


def _user(fact: UserFact) -> Sighting:
    """Nobody's name is told: only admins manage users."""
    return Sighting(
        "user",
        fact.user_id,
        fact.version,
        fact.at,
        fact.subject,
        GONE if isinstance(fact, UserDeleted) else PRESENT,
        title="An account" if isinstance(fact, UserRegistered) else None,
        is_beginning=isinstance(fact, UserRegistered),
        is_news=isinstance(fact, UserRegistered),
    )
