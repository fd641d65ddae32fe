"""When a mail is tried again, and when it would be wrong by now."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from services.notifications.tests.factories import EVENT_ID, event_state, rsvp_state

from stitch_common.testing.clock import NOW
from stitch_notifications.audience.models import KnownEvent, KnownGuest
from stitch_notifications.claims.rules import RetryPolicy, reason_to_drop
from stitch_notifications.templates.models import Kind

POLICY = RetryPolicy(first=timedelta(seconds=15), longest=timedelta(hours=4))


def event(**changes: object) -> KnownEvent:
    state = event_state(**changes)
    return KnownEvent(
        event_id=EVENT_ID, version=2, status=state.status, state=state.model_dump(mode="json")
    )


def guest(status: str = "pending", *, awaits_confirmation: bool = False) -> KnownGuest:
    state = rsvp_state(status=status, needs_confirmation=awaits_confirmation)
    return KnownGuest(
        rsvp_id=1,
        event_id=EVENT_ID,
        version=1,
        email=state.email,
        name=state.name,
        status=status,
        awaits_confirmation=awaits_confirmation,
        state=state.model_dump(mode="json"),
    )


@given(st.integers(1, 10_000), st.floats(0.8, 1.2))
def test_delays_grow_and_stay_within_reason(attempts: int, spread: float) -> None:
    delay = POLICY.delay(attempts, spread)

    assert POLICY.first * 0.8 <= delay <= POLICY.longest * 1.2
    assert delay <= POLICY.delay(attempts + 1, spread)


def test_the_first_delays_double() -> None:
    delays = [POLICY.delay(attempts, 1.0).total_seconds() for attempts in (1, 2, 3, 4)]

    assert delays == [15, 30, 60, 120]


@pytest.mark.parametrize("kind", list(Kind))
def test_mails_about_a_coming_event_go_to_guests_who_come(kind: Kind) -> None:
    assert reason_to_drop(kind, event(), guest("accepted"), NOW) is None


@pytest.mark.parametrize(
    ("kind", "is_sent"),
    [
        (Kind.INVITATION, False),
        (Kind.CONFIRMATION, False),
        (Kind.WAITLIST, False),
        (Kind.UPDATE, False),
        (Kind.CANCELLATION, True),
    ],
)
def test_of_a_cancelled_event_only_the_cancellation_is_told(kind: Kind, *, is_sent: bool) -> None:
    reason = reason_to_drop(kind, event(status="cancelled"), guest("accepted"), NOW)

    assert (reason is None) is is_sent


@pytest.mark.parametrize(
    ("kind", "status", "is_sent"),
    [
        (Kind.REMINDER, "declined", False),
        (Kind.REMINDER, "accepted", True),
        (Kind.UPDATE, "declined", False),
        (Kind.WAITLIST, "declined", False),
        (Kind.INVITATION, "cancelled", False),
        (Kind.CONFIRMATION, "declined", True),
    ],
)
def test_who_does_not_come_is_left_in_peace(kind: Kind, status: str, *, is_sent: bool) -> None:
    reason = reason_to_drop(kind, event(), guest(status), NOW)

    assert (reason is None) is is_sent


def test_a_new_link_tells_nobody_of_a_draft() -> None:
    draft, known = event(status="draft"), guest("accepted")
    # Who has registered did so with a published event, of which this service may hear later.
    registered = guest(awaits_confirmation=True)

    assert reason_to_drop(Kind.GUEST_LINK, draft, known, NOW) == "The event is not published."
    assert reason_to_drop(Kind.GUEST_LINK, draft, registered, NOW) is None
    assert reason_to_drop(Kind.GUEST_LINK, event(), known, NOW) is None


def test_nobody_is_invited_to_what_is_over() -> None:
    over = event(start_date=NOW - timedelta(hours=3), end_date=NOW)

    assert reason_to_drop(Kind.INVITATION, over, guest(), NOW) == "The event is over."


def test_mails_about_accounts_are_never_dropped() -> None:
    assert reason_to_drop(Kind.VERIFICATION, None, None, NOW) is None
