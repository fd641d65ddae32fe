"""Use cases of the guest's calendar entry."""

from stitch_common.clock import Clock
from stitch_events.calendar.rules import Entry
from stitch_events.rsvps.service import GuestTokenError, RSVPService
from stitch_events.settings import EventsSettings
from stitch_events.status import EventStatus, RSVPStatus

__all__ = ["CalendarService", "Entry", "GuestTokenError"]


class CalendarService:
    """Makes calendar entries for guests."""

    def __init__(self, rsvps: RSVPService, settings: EventsSettings, clock: Clock) -> None:
        self._rsvps = rsvps
        self._settings = settings
        self._clock = clock

    async def get(self, token: str) -> Entry:
        """The entry of the guest who holds this token, which is not in it."""
        rsvp, event = await self._rsvps.get_with_event(token)
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
            organizer=self._settings.organizer_email,
            attendee_email=rsvp.email,
            attendee_name=rsvp.name,
            attendee_status=RSVPStatus(rsvp.status),
            changed_at=event.updated_at,
            made_at=self._clock(),
        )
