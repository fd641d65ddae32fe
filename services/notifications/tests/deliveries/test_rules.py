"""Which mail a fact calls for."""

from datetime import timedelta

import pytest
from services.notifications.tests.factories import (
    answered,
    cancelled,
    decided,
    email_changed,
    invited,
    promoted,
    published,
    registered,
    registration_repeated,
    relinked,
    rescheduled,
    reset_requested,
    security_notice,
    verification_requested,
)

from stitch_common.contracts import Fact
from stitch_common.testing.clock import NOW
from stitch_notifications.deliveries.rules import announcement_for, draft_for, priority
from stitch_notifications.templates.models import Kind


@pytest.mark.parametrize(
    ("fact", "kind", "occasion"),
    [
        (invited(3, invitation=2), Kind.INVITATION, "rsvp:3:invitation:2"),
        (registered(3), Kind.GUEST_LINK, "rsvp:3:link:1"),
        (answered(3, version=4), Kind.CONFIRMATION, "rsvp:3:answer:4"),
        (decided(3, version=4), Kind.CONFIRMATION, "rsvp:3:answer:4"),
        (decided(3, version=4, is_rejected=True), Kind.CONFIRMATION, "rsvp:3:answer:4"),
        (relinked(3, version=4), Kind.GUEST_LINK, "rsvp:3:link:4"),
        (promoted(3, version=4), Kind.WAITLIST, "rsvp:3:seat:4"),
        (verification_requested(), Kind.VERIFICATION, "verification:9"),
        (reset_requested(), Kind.RESET, "reset:9"),
        (email_changed(), Kind.EMAIL_CHANGED, "user:5:2026-03-02T12:00:00+00:00"),
        (security_notice(), Kind.SECURITY_NOTICE, "notice:9"),
        (registration_repeated(), Kind.REGISTRATION_REPEATED, "user:5:2026-03-02T12"),
    ],
)
def test_a_fact_calls_for_its_mail(fact: Fact, kind: Kind, occasion: str) -> None:
    draft = draft_for(fact)

    assert draft is not None
    assert (draft.kind, draft.occasion) == (kind, occasion)


@pytest.mark.parametrize(
    "fact",
    [
        published(),
        answered(changed=[]),
        answered(by_guest=False),
        answered(by_guest=False, changed=["approval"], status="pending"),
        registered().model_copy(update={"confirm_by_mail": False}),
    ],
)
def test_nobody_gets_a_mail_about_nothing(fact: Fact) -> None:
    assert draft_for(fact) is None


def test_an_invitation_is_written_from_what_is_known_when_it_leaves() -> None:
    draft = draft_for(invited())

    assert draft is not None
    assert draft.details == {}


def test_the_old_address_is_told_of_the_new_one() -> None:
    draft = draft_for(email_changed())

    assert draft is not None
    assert (draft.recipient_email, draft.details) == (
        "old@example.com",
        {"email": "new@example.com"},
    )


def test_a_verification_is_of_no_use_after_its_link() -> None:
    draft = draft_for(verification_requested())

    assert draft is not None
    assert draft.expires_at == NOW + timedelta(hours=24)


@pytest.mark.parametrize(
    ("fact", "kind"),
    [
        (rescheduled(), Kind.UPDATE),
        (cancelled(), Kind.CANCELLATION),
        (rescheduled(notify=False), None),
        (cancelled(notify=False), None),
        (published(), None),
    ],
)
def test_guests_are_told_what_the_editor_wants_them_told(fact: Fact, kind: Kind | None) -> None:
    announcement = announcement_for(fact)

    assert (announcement.kind if announcement else None) == kind


def test_what_somebody_waits_for_comes_before_what_goes_to_many() -> None:
    waited_for = [Kind.VERIFICATION, Kind.CONFIRMATION, Kind.GUEST_LINK, Kind.WAITLIST]

    assert max(map(priority, waited_for)) < priority(Kind.UPDATE) < priority(Kind.INVITATION)
