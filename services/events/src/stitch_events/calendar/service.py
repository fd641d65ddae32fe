"""Use cases of the guest's calendar entry."""

from dataclasses import dataclass
from email.utils import parseaddr

from stitch_common.clock import Clock
from stitch_events.calendar.rules import Entry, render
from stitch_events.events.models import Event, EventStatus
from stitch_events.rsvps.models import RSVP, RSVPStatus
from stitch_events.rsvps.service import RSVPService
from stitch_events.settings import EventsSettings

FILE_HEADERS = {
    "content-disposition": 'attachment; filename="event.ics"',
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
}


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """A download that calendars open by themselves."""

    content: bytes
    media_type: str


class CalendarService:
    """Makes calendar entries for guests."""

    def __init__(self, rsvps: RSVPService, settings: EventsSettings, clock: Clock) -> None:
        self._rsvps = rsvps
        self._settings = settings
        self._clock = clock

    async def get(self, token: str) -> CalendarFile:
        """The entry of the guest who holds this token, which is not in it."""
        entry = self._entry(*await self._rsvps.get_with_event(token))
        return CalendarFile(render(entry), f"text/calendar; charset=utf-8; method={entry.method}")

    def _entry(self, rsvp: RSVP, event: Event) -> Entry:
        organizer_name, organizer_email = parseaddr(self._settings.mail_from)
        return Entry(
            uid=event.uid,
            sequence=event.calendar_sequence,
            title=event.title,
            description=event.description,
            location=event.location,
            url=f"{self._settings.public_url}/e/{event.slug}",
            start=event.start_date,
            end=event.end_date,
            timezone=event.timezone,
            is_cancelled=event.status == EventStatus.CANCELLED,
            organizer_name=organizer_name,
            organizer_email=organizer_email,
            attendee_email=rsvp.email,
            attendee_name=rsvp.name,
            attendee_status=RSVPStatus(rsvp.status),
            changed_at=event.updated_at,
            made_at=self._clock(),
        )
