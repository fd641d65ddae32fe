"""Times, names and changes in words, and calendar entries."""

from datetime import UTC, datetime, timedelta

import pytest
from icalendar import Calendar
from services.notifications.tests.factories import event_state, noted_before

from stitch_common.testing.clock import NOW
from stitch_notifications.letters import rules
from stitch_notifications.templates.models import Kind


def test_times_are_told_in_the_zone_of_the_event() -> None:
    values = rules.event_values(event_state(), "https://stitch.example")

    assert values["event_date"] == "Friday, 19 June 2026"
    assert values["event_time"] == "19:00 \N{EN DASH} 22:30"
    assert values["event_zone"] == "Europe/Berlin, UTC+2"
    assert values["event_link"] == "https://stitch.example/e/summer-concert"


@pytest.mark.parametrize(
    ("zone", "told"),
    [
        ("UTC", "UTC"),
        ("Asia/Kolkata", "Asia/Kolkata, UTC+5:30"),
        ("America/St_Johns", "America/St_Johns, UTC-2:30"),
        ("Europe/London", "Europe/London, UTC+1"),
        ("Africa/Abidjan", "Africa/Abidjan, UTC"),
        ("Nowhere/Land", "UTC"),
    ],
)
def test_a_zone_is_told_with_its_distance_from_utc(zone: str, told: str) -> None:
    assert rules.event_values(event_state(timezone=zone), "")["event_zone"] == told


def test_an_evening_that_ends_after_midnight_is_one_day() -> None:
    start = datetime(2026, 6, 19, 20, 0, tzinfo=UTC)

    assert rules.days(start, start + timedelta(hours=6)) == "Friday, 19 June 2026"
    weekend = rules.days(start, start + timedelta(days=2))
    assert weekend == "Friday, 19 June \N{EN DASH} Sunday, 21 June 2026"


def test_a_deadline_at_midnight_is_the_end_of_the_day_before() -> None:
    midnight = datetime(2026, 6, 13, 0, 0, tzinfo=UTC)

    assert rules.deadline(midnight) == "Friday, 12 June 2026"
    assert rules.deadline(midnight + timedelta(hours=18)) == "Saturday, 13 June 2026, 18:00"


@pytest.mark.parametrize(("days", "told"), [(0, "today"), (1, "tomorrow"), (5, "in 5 days")])
def test_days_are_counted_by_the_calendar_of_the_zone(days: int, told: str) -> None:
    late_in_the_evening = datetime(2026, 6, 19, 21, 30, tzinfo=UTC) - timedelta(days=days)
    event = event_state(start_date=datetime(2026, 6, 19, 21, 45, tzinfo=UTC))

    assert rules.days_left(event, late_in_the_evening) == told


def test_only_what_has_changed_is_told() -> None:
    event = event_state(location="Gewandhaus")
    before = noted_before(event, location="Alte Brauerei")

    assert rules.changes(event, before) == [rules.Change("Where", "Alte Brauerei", "Gewandhaus")]


def test_times_in_another_zone_are_told_with_both_zones() -> None:
    event = event_state(timezone="Asia/Riyadh")
    before = noted_before(event, timezone="Europe/Berlin")

    assert rules.changes(event, before) == [
        rules.Change(
            "When",
            "Friday, 19 June 2026, 19:00 \N{EN DASH} 22:30 (Europe/Berlin, UTC+2)",
            "Friday, 19 June 2026, 20:00 \N{EN DASH} 23:30 (Asia/Riyadh, UTC+3)",
        )
    ]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ada Lovelace", "Ada Lovelace"),
        ("  J. R. R.\n Tolkien ", "J. R. R. Tolkien"),
        ("Zoë O'Brien-Smith", "Zoë O'Brien-Smith"),
        ("Win a prize at evil.example", ""),
        ("https://evil", ""),
        ("call@me", ""),
        ("Win at evil\N{ONE DOT LEADER}example", ""),
        ("Win at evil\N{IDEOGRAPHIC FULL STOP}example", ""),
        ("call\N{FULLWIDTH COMMERCIAL AT}me", ""),
        ("=?utf-8?q?http=3A=2F=2Fevil=2Eexample?=", ""),
        ("Ada \N{RIGHT-TO-LEFT OVERRIDE}elpmaxe", ""),
        ("Ada\x1b[2J", ""),
        ("محمد بن سلمان", "محمد بن سلمان"),
        ("x" * 81, ""),
    ],
)
def test_a_name_can_not_carry_a_message_to_somebody_else(name: str, shown: str) -> None:
    assert rules.presentable(name) == shown


@pytest.mark.parametrize(
    ("kind", "answer", "method"),
    [
        (Kind.CONFIRMATION, "accepted", "REQUEST"),
        (Kind.CONFIRMATION, "declined", None),
        (Kind.UPDATE, "accepted", "REQUEST"),
        (Kind.UPDATE, "pending", None),
        (Kind.CANCELLATION, "accepted", "CANCEL"),
        (Kind.CANCELLATION, "pending", None),
        (Kind.WAITLIST, "accepted", "REQUEST"),
        (Kind.INVITATION, "pending", None),
    ],
)
def test_a_calendar_entry_goes_where_it_belongs(
    kind: Kind, answer: str, method: str | None
) -> None:
    assert rules.calendar_method(kind, answer) == method


def test_a_calendar_entry_names_its_recipient_alone_and_holds_no_secret() -> None:
    text = rules.calendar_entry(
        event_state(calendar_sequence=3),
        method="CANCEL",
        organizer=("Stitch", "no-reply@stitch.example"),
        attendee="ada@example.com",
        url="https://stitch.example/e/summer-concert",
        now=NOW,
    )

    calendar = Calendar.from_ical(text)
    [entry] = calendar.walk("VEVENT")
    assert calendar["METHOD"] == "CANCEL"
    assert (entry["UID"], entry["SEQUENCE"], entry["STATUS"]) == (
        "c0ffee@stitch.example",
        3,
        "CANCELLED",
    )
    assert text.count("ATTENDEE") == 1
    assert entry["ATTENDEE"] == "mailto:ada@example.com"
    assert "/rsvp/" not in text
