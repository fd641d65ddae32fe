"""What pages say about times and about where a guest stands, free of I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from stitch_events.events.models import EventStatus
from stitch_events.rsvps.models import RSVPStatus
from stitch_events.rsvps.service import GuestRSVP

ZONES = (
    "UTC", "Pacific/Honolulu", "America/Anchorage", "America/Los_Angeles", "America/Denver",
    "America/Mexico_City", "America/Chicago", "America/Bogota", "America/New_York",
    "America/Halifax", "America/St_Johns", "America/Sao_Paulo", "America/Argentina/Buenos_Aires",
    "Atlantic/Azores", "Europe/London", "Europe/Lisbon", "Africa/Lagos", "Europe/Berlin",
    "Europe/Paris", "Europe/Madrid", "Europe/Rome", "Africa/Johannesburg", "Europe/Athens",
    "Europe/Kyiv", "Africa/Cairo", "Africa/Nairobi", "Europe/Istanbul", "Asia/Riyadh",
    "Asia/Tehran", "Asia/Dubai", "Asia/Karachi", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Dhaka",
    "Asia/Bangkok", "Asia/Jakarta", "Asia/Shanghai", "Asia/Singapore", "Australia/Perth",
    "Asia/Tokyo", "Asia/Seoul", "Australia/Adelaide", "Australia/Sydney", "Pacific/Auckland",
)  # fmt: skip
"""Zones to choose from: one or two a standard offset, by their largest cities."""


@dataclass(frozen=True, slots=True)
class When:
    """Beginning and end as somebody in one zone reads them on the calendar and on the clock."""

    day: str
    begins: str
    ends: str
    """Empty where there is no end; with its day if that is another one."""
    place: str


def when(start: datetime, end: datetime, zone: str) -> When:
    begins, ends = start.astimezone(ZoneInfo(zone)), end.astimezone(ZoneInfo(zone))
    until = f"{ends:%H:%M}" if ends > begins else ""
    if begins.date() != ends.date():
        until = f"{day(ends)}, {until}"
    return When(day(begins), f"{begins:%H:%M}", until, _place(begins, zone))


def day(at: datetime) -> str:
    return f"{at:%A}, {at.day} {at:%B} {at.year}"


def moment(at: datetime, zone: str) -> str:
    """Say one moment in a zone."""
    local = at.astimezone(ZoneInfo(zone))
    return f"{day(local)}, {local:%H:%M} ({_place(local, zone)})"


def known_zone(wanted: str) -> str:
    """The zone somebody chose from the list; empty if it is none of it."""
    return wanted if wanted in ZONES else ""


def zone_label(zone: str) -> str:
    return zone.rpartition("/")[2].replace("_", " ")


def _place(local: datetime, zone: str) -> str:
    minutes = (local.utcoffset() or timedelta()) // timedelta(minutes=1)
    hours, rest = divmod(abs(minutes), 60)
    offset = f"UTC{'-' if minutes < 0 else '+'}{hours}" + (f":{rest:02}" if rest else "")
    return "UTC" if zone == "UTC" else f"{zone_label(zone)} time, {offset}"


class Standing(StrEnum):
    """Where a guest stands: what the page says first."""

    CANCELLED = "cancelled"
    REJECTED = "rejected"
    ACCEPTED = "accepted"
    WAITLISTED = "waitlisted"
    DECLINED = "declined"
    MAYBE = "maybe"
    AWAITS_APPROVAL = "awaits_approval"
    NEEDS_CONFIRMATION = "needs_confirmation"
    INVITED = "invited"


def standing(rsvp: GuestRSVP) -> Standing:
    if rsvp.event.status is EventStatus.CANCELLED:
        return Standing.CANCELLED
    if rsvp.is_rejected:
        return Standing.REJECTED
    if rsvp.status is not RSVPStatus.PENDING:
        return Standing(rsvp.status)
    if rsvp.awaits_approval:
        return Standing.AWAITS_APPROVAL
    return Standing.NEEDS_CONFIRMATION if rsvp.needs_confirmation else Standing.INVITED
