"""The guest's calendar entry as iCalendar (RFC 5545) in an iTIP message (RFC 5546)."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event, vCalAddress

from stitch_events.rsvps.models import RSVPStatus

PRODUCT = "-//Stitch//Events//EN"

A_YEAR = timedelta(days=366)
"""How long before and after an event its time zone is defined, by default up to 2038 only."""

PARTICIPATION = {
    RSVPStatus.ACCEPTED: "ACCEPTED",
    RSVPStatus.DECLINED: "DECLINED",
    RSVPStatus.MAYBE: "TENTATIVE",
}


@dataclass(frozen=True, slots=True)
class Entry:
    """What goes into a calendar; nothing in it lets anybody act for the guest."""

    uid: str
    sequence: int
    title: str
    description: str
    location: str
    url: str
    start: datetime
    end: datetime
    timezone: str
    is_cancelled: bool
    organizer_name: str
    organizer_email: str
    attendee_email: str
    attendee_name: str
    attendee_status: RSVPStatus
    changed_at: datetime
    made_at: datetime

    @property
    def method(self) -> str:
        return "CANCEL" if self.is_cancelled else "REQUEST"


def render(entry: Entry) -> bytes:
    """One event for one attendee, with the definition of its time zone."""
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("method", entry.method)
    calendar.add_component(_event(entry))
    calendar.add_missing_timezones((entry.start - A_YEAR).date(), (entry.end + A_YEAR).date())
    rendered: bytes = calendar.to_ical()
    return rendered


def _event(entry: Entry) -> Event:
    event = Event()
    event.add("uid", entry.uid)
    event.add("sequence", entry.sequence)
    event.add("dtstamp", entry.made_at)
    event.add("last-modified", entry.changed_at)
    event.add("dtstart", _local(entry.start, entry.timezone))
    if entry.end > entry.start:  # RFC 5545 §3.8.2.2 wants it later
        event.add("dtend", _local(entry.end, entry.timezone))
    event.add("summary", entry.title)
    for name in ("description", "location"):
        if text := getattr(entry, name):
            event.add(name, text)
    event.add("url", entry.url)
    event.add("status", "CANCELLED" if entry.is_cancelled else "CONFIRMED")
    event.add("organizer", _person(entry.organizer_email, entry.organizer_name), encode=False)
    event.add("attendee", _attendee(entry), encode=False)
    return event


def _local(at: datetime, timezone: str) -> datetime:
    """In the event's zone; the second of two equal hours in UTC (RFC 5545 §3.3.5)."""
    local = at.astimezone(ZoneInfo(timezone))
    return at.astimezone(UTC) if local.fold else local


def _attendee(entry: Entry) -> vCalAddress:
    attendee = _person(entry.attendee_email, entry.attendee_name)
    attendee.params["CUTYPE"] = "INDIVIDUAL"
    attendee.params["ROLE"] = "REQ-PARTICIPANT"
    attendee.params["PARTSTAT"] = PARTICIPATION.get(entry.attendee_status, "NEEDS-ACTION")
    # Answers are given by the mailed link; a mail to the organiser would reach nobody.
    attendee.params["RSVP"] = "FALSE"
    return attendee


def _person(email: str, name: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{email}")
    if name:
        person.params["CN"] = name
    return person
