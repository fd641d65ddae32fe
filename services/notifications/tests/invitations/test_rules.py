"""Addresses, duplicates and earlier answers."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitch_common.contracts.notifications import Recipient
from stitch_notifications.audience.models import KnownAnswer
from stitch_notifications.audience.service import normalised_address
from stitch_notifications.invitations.rules import (
    Skipped,
    SkipReason,
    without_duplicates,
    without_the_known,
)


@pytest.mark.parametrize(
    ("given_address", "wanted"),
    [
        ("Ada.Lovelace+x@Example.COM", "Ada.Lovelace+x@example.com"),
        ("zoë@example.org", "zoë@example.org"),
        ("ada@bücher.example.org", "ada@xn--bcher-kva.example.org"),
    ],
)
def test_an_address_keeps_its_person_and_gets_a_plain_domain(
    given_address: str, wanted: str
) -> None:
    assert normalised_address(given_address) == wanted


@pytest.mark.parametrize(
    "text",
    [
        "nobody",
        "a@b",
        "a@b..com",
        ".a@example.com",
        "a b@example.com",
        "a@example.com\r\nBcc: all@example.com",
        "a@example.com>",
        f"{'a' * 65}@example.com",
        "a@-example.com",
        "a@example.123",
    ],
)
def test_what_is_no_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an e-mail address"):
        normalised_address(text)


@given(st.lists(st.sampled_from(["a@x.com", "A@x.com", "b@x.com", "c@x.com"])))
def test_nobody_is_lost_and_nobody_invited_twice(emails: list[str]) -> None:
    selection = without_duplicates(Recipient(email=email, name="") for email in emails)

    invited = [one.email.lower() for one in selection.invited]
    assert len(invited) == len(set(invited))
    assert set(invited) == {email.lower() for email in emails}
    assert len(invited) + len(selection.skipped) == len(emails)


@pytest.mark.parametrize(
    ("known", "resend", "reason"),
    [
        (None, False, None),
        (None, True, None),
        (KnownAnswer("pending", was_invited=True), False, SkipReason.ALREADY_INVITED),
        (KnownAnswer("pending", was_invited=True), True, None),
        (KnownAnswer("pending", was_invited=False), False, None),
        (KnownAnswer("pending", was_invited=False), True, None),
        (
            KnownAnswer("pending", was_invited=False, awaits_approval=True),
            False,
            SkipReason.ALREADY_ANSWERED,
        ),
        (KnownAnswer("accepted", was_invited=True), False, SkipReason.ALREADY_INVITED),
        (KnownAnswer("accepted", was_invited=True), True, SkipReason.ALREADY_ANSWERED),
        (KnownAnswer("accepted", was_invited=False), False, SkipReason.ALREADY_ANSWERED),
        (KnownAnswer("declined", was_invited=True), True, SkipReason.ALREADY_ANSWERED),
    ],
)
def test_only_who_has_not_answered_is_invited_again(
    known: KnownAnswer | None, *, resend: bool, reason: SkipReason | None
) -> None:
    answers = {"a@x.com": known} if known else {}

    selection = without_the_known(
        [Recipient(email="A@x.com", name="")], answers, suppressed=set(), resend=resend
    )

    assert selection.skipped == ([Skipped("A@x.com", reason)] if reason else [])
