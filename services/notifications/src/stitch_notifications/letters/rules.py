"""How events, guests and times are put into words."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.headerregistry import BaseHeader, HeaderRegistry, UnstructuredHeader
from email.message import EmailMessage
from email.policy import SMTP, SMTPUTF8, EmailPolicy, Policy
from typing import Any
from unicodedata import normalize
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from icalendar import Calendar
from icalendar import Event as CalendarEvent

from stitch_common.contracts.events import EventState, RSVPState
from stitch_notifications.audience.models import answer_of
from stitch_notifications.rendering.service import headline
from stitch_notifications.templates.models import Kind

TO = "\N{EN DASH}"
LONGEST_DESCRIPTION = 1200
LONGEST_NAME = 80
LOOKS_LIKE_A_LINK = re.compile(r"[/:@\\]|\.\w{2,}")
LOOKS_LIKE_SOMETHING_ELSE = re.compile(
    r"=\?"  # an encoded word (RFC 2047), in which a mail program would read what was hidden
    r"|[\x00-\x1f\x7f-\x9f]"
    r"|[\u202a-\u202e\u2066-\u2069]"  # turns around the text that follows
)


class VerbatimHeader(UnstructuredHeader, BaseHeader):
    """A header on one line, byte for byte.

    Python folds a long link into encoded words, which no mail program reads in
    `List-Unsubscribe` (RFC 2369 §2): its button would be missing.
    """

    def fold(self, *, policy: Policy) -> str:
        return f"{self.name}: {self}{policy.linesep}"


_HEADERS = HeaderRegistry()
_HEADERS.map_to_type("list-unsubscribe", VerbatimHeader)


def mail_policy(recipient: str) -> "EmailPolicy[EmailMessage]":
    """Plain ASCII on the wire, unless the address itself is not (RFC 6531)."""
    usual = SMTP.clone(cte_type="7bit") if recipient.isascii() else SMTPUTF8
    return usual.clone(header_factory=_HEADERS)


@dataclass(frozen=True, slots=True)
class Change:
    """What was, and what is now."""

    label: str
    before: str
    after: str


_NO_CHANGE = Change("", "", "")


def zone_of(event: EventState) -> ZoneInfo:
    """The event's own zone; UTC where this machine does not know it."""
    return _zone(event.timezone)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def event_values(event: EventState, public_url: str) -> dict[str, Any]:
    """What a template can say about an event, in the event's own time."""
    zone = zone_of(event)
    start, end = event.start_date.astimezone(zone), event.end_date.astimezone(zone)
    return {
        "event_title": event.title,
        "event_description": shortened(event.description),
        "event_location": event.location,
        "event_link": f"{public_url}/e/{event.slug}",
        "event_date": days(start, end),
        "event_time": hours(start, end),
        "event_zone": zone_name(start),
        "event_month": f"{start:%b}".upper(),
        "event_day": str(start.day),
        "answer_by": deadline(event.rsvp_deadline.astimezone(zone)) if event.rsvp_deadline else "",
    }


def guest_values(rsvp: RSVPState) -> dict[str, Any]:
    """What a template can say about an answer."""
    return {
        "answer": answer_of(rsvp),
        "party_size": rsvp.party_size,
        "dietary_restrictions": rsvp.dietary_restrictions,
        # A number also where there is none, so that templates can compare it.
        "waitlist_position": rsvp.waitlist_position or 0,
    }


def link_expires_at(event: EventState, rsvp: RSVPState) -> datetime:
    """When the link of a guest ends: what was known with their answer, or with a later event."""
    return max(rsvp.link_expires_at, event.links_expire_at or rsvp.link_expires_at)


def what_happened(details: Mapping[str, Any]) -> dict[str, Any]:
    """What a template can say about something that was done with an account."""
    return {
        "headline": headline(details["about"]),
        "happened_at": in_utc(datetime.fromisoformat(details["at"])),
        "ip": details["ip"] or "",
        "device": details["device"] or "",
    }


def greeting(name: str) -> str:
    return f"Hello {name}," if name else "Hello,"


def day(at: datetime) -> str:
    return f"{at:%A}, {at.day} {at:%B} {at.year}"


def days(start: datetime, end: datetime) -> str:
    """One day, or from one to another; an evening that ends after midnight is one."""
    is_one_evening = (end - start).total_seconds() < 12 * 3600
    if start.date() == end.date() or is_one_evening:
        return day(start)
    return f"{start:%A}, {start.day} {start:%B} {TO} {day(end)}"


def hours(start: datetime, end: datetime) -> str:
    return f"{start:%H:%M}" if start == end else f"{start:%H:%M} {TO} {end:%H:%M}"


def moment(at: datetime) -> str:
    return f"{day(at)}, {at:%H:%M}"


def deadline(at: datetime) -> str:
    """Midnight is the end of a day, not the beginning of the next."""
    is_midnight = (at.hour, at.minute) == (0, 0)
    return day(at - timedelta(minutes=1)) if is_midnight else moment(at)


def zone_name(at: datetime) -> str:
    """The zone with its distance from UTC, which is what travellers reckon with."""
    zone, offset = str(at.tzinfo), at.strftime("%z")
    if offset in {"+0000", "-0000"}:
        return zone if zone == "UTC" else f"{zone}, UTC"
    minutes = "" if offset.endswith("00") else f":{offset[3:]}"
    return f"{zone}, UTC{offset[0]}{int(offset[1:3])}{minutes}"


def shortened(text: str) -> str:
    if len(text) <= LONGEST_DESCRIPTION:
        return text
    return text[:LONGEST_DESCRIPTION].rsplit(maxsplit=1)[0] + " …"


def days_left(event: EventState, now: datetime) -> str:
    """`today`, `tomorrow` or `in 5 days`, by the calendar of the event's zone."""
    zone = zone_of(event)
    left = (event.start_date.astimezone(zone).date() - now.astimezone(zone).date()).days
    return {0: "today", 1: "tomorrow"}.get(left, f"in {left} days")


def changes(event: EventState, details: Mapping[str, Any]) -> Sequence[Change]:
    """How time and place differ from what guests were told before."""
    zone = zone_of(event)
    zone_before = _zone(details.get("timezone") or event.timezone)
    is_zone_told = zone != zone_before
    start, end = (datetime.fromisoformat(details[name]) for name in ("start_date", "end_date"))
    told = [
        Change(
            "When",
            _when(start, end, zone_before, is_zone_told=is_zone_told),
            _when(event.start_date, event.end_date, zone, is_zone_told=is_zone_told),
        ),
        Change("Where", details["location"] or TO, event.location or TO),
    ]
    return [change for change in told if change.before != change.after]


def change_values(event: EventState, details: Mapping[str, Any]) -> dict[str, str]:
    """What a template can say about a change; what has stayed as it was is empty."""
    found = changes(event, details)
    by_label = {change.label: change for change in found}
    when, where = by_label.get("When", _NO_CHANGE), by_label.get("Where", _NO_CHANGE)
    return {
        "changes_text": _in_lines(found),
        "when_before": when.before,
        "when_now": when.after,
        "where_before": where.before,
    }


def _in_lines(found: Sequence[Change]) -> str:
    return "\n".join(f"{change.label}: {change.after} (was {change.before})" for change in found)


def _when(start: datetime, end: datetime, zone: ZoneInfo, *, is_zone_told: bool) -> str:
    local = start.astimezone(zone), end.astimezone(zone)
    told = f"{days(*local)}, {hours(*local)}"
    return f"{told} ({zone_name(local[0])})" if is_zone_told else told


def in_utc(at: datetime) -> str:
    return f"{moment(at.astimezone(UTC))} UTC"


def presentable(name: str) -> str:
    """The name, unless it could be a message from whoever filled in a form for somebody else."""
    plain = " ".join(name.split())
    # As browsers read addresses, for which a full stop of any width or script is a dot.
    read = normalize("NFKC", plain).replace("\N{IDEOGRAPHIC FULL STOP}", ".")
    doubts = LOOKS_LIKE_A_LINK.search(read) or LOOKS_LIKE_SOMETHING_ELSE.search(plain)
    return "" if len(plain) > LONGEST_NAME or doubts else plain


def calendar_method(kind: Kind, answer: str) -> str | None:
    """What the calendar entry of a mail does (RFC 5546), if the mail has one."""
    if kind is Kind.WAITLIST:
        return "REQUEST"
    if kind is Kind.CANCELLATION:
        return "CANCEL" if answer in {"accepted", "maybe"} else None
    if kind in {Kind.CONFIRMATION, Kind.UPDATE} and answer == "accepted":
        return "REQUEST"
    return None


def calendar_entry(
    event: EventState,
    *,
    method: str,
    organizer: tuple[str, str],
    attendee: str,
    url: str,
    now: datetime,
) -> str:
    """RFC 5545, for one recipient; nothing in it is secret, because calendars are shared."""
    is_cancelled = method == "CANCEL"
    entry = CalendarEvent()
    entry.add("uid", event.uid)
    entry.add("sequence", event.calendar_sequence)
    entry.add("dtstamp", now)
    entry.add("dtstart", event.start_date)
    if event.end_date > event.start_date:
        entry.add("dtend", event.end_date)
    entry.add("summary", event.title)
    entry.add("location", event.location)
    entry.add("description", event.description)
    entry.add("url", url)
    entry.add("status", "CANCELLED" if is_cancelled else "CONFIRMED")
    name, address = organizer
    entry.add("organizer", f"mailto:{address}", parameters={"cn": name})
    participation = {"partstat": "ACCEPTED", "role": "REQ-PARTICIPANT", "rsvp": "FALSE"}
    entry.add("attendee", f"mailto:{attendee}", parameters=participation)
    calendar = Calendar()
    calendar.add("prodid", "-//Stitch//notifications//EN")
    calendar.add("version", "2.0")
    calendar.add("method", method)
    calendar.add_component(entry)
    return str(calendar.to_ical(), "utf-8")
