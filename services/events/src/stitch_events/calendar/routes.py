"""The calendar entry over HTTP, for programs; the pages have a link of their own."""

from fastapi import APIRouter, Response

from stitch_common.http.problems import declares
from stitch_events.calendar.rules import Entry, render
from stitch_events.calendar.service import GuestTokenError
from stitch_events.credentials import Guest
from stitch_events.wiring import Calendar

router = APIRouter(prefix="/api/events", tags=["RSVPs"])


@router.get(
    "/rsvp/calendar.ics",
    response_class=Response,
    responses=declares(GuestTokenError)
    | {200: {"description": "iCalendar (RFC 5545)", "content": {"text/calendar": {}}}},
)
async def get_calendar_entry(token: Guest, calendar: Calendar) -> Response:
    """The event for the guest's calendar, with the guest as the only attendee."""
    return as_file(await calendar.get(token))


def as_file(entry: Entry) -> Response:
    """A download that calendars open by themselves."""
    return Response(
        render(entry),
        media_type=f"text/calendar; charset=utf-8; method={entry.method}",
        headers={
            "content-disposition": 'attachment; filename="event.ics"',
            "cache-control": "no-store",
            "referrer-policy": "no-referrer",
        },
    )
