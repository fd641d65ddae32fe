"""Composition root for HTTP."""

from fastapi import FastAPI

from stitch_common.http.app import create_app
from stitch_common.http.lists import Cursors
from stitch_common.runtime import StoredRuntime
from stitch_common.security.links import LinkSigner
from stitch_events.analytics.routes import router as analytics
from stitch_events.analytics.service import AnalyticsService
from stitch_events.calendar.service import CalendarService
from stitch_events.events.routes import router as events
from stitch_events.events.service import EventService
from stitch_events.guests.routes import router as guests
from stitch_events.guests.service import GuestService
from stitch_events.pages.adapters import Pages
from stitch_events.pages.routes import router as pages
from stitch_events.rsvps.routes import router as rsvps
from stitch_events.rsvps.service import RSVPService
from stitch_events.settings import EventsSettings

# The order matters: `/all-rsvps` and `/rsvp` come before `/{event_id}`.
ROUTERS = [rsvps, guests, events, analytics, pages]

BY_TOKEN = "the guest's link token is the credential"  # noqa: S105 - a reason, not a secret

PUBLIC_ROUTES = {
    "GET /api/events/public/{slug}": "the public face of a published event",
    "POST /api/events/public/{slug}/rsvps": "strangers register; the mailed link confirms",
    "POST /api/events/{event_id}/rsvps": "strangers register; with an editor's token it adds",
    "PUT /api/events/rsvps/{rsvp_id}": f"{BY_TOKEN}, or an editor's access token; else 404",
    "GET /api/events/rsvp": BY_TOKEN,
    "PUT /api/events/rsvp": BY_TOKEN,
    "DELETE /api/events/rsvp": BY_TOKEN,
    "GET /api/events/rsvp/calendar.ics": BY_TOKEN,
    "GET /rsvp/{token}": BY_TOKEN,
    "HEAD /rsvp/{token}": BY_TOKEN,
    "POST /rsvp/{token}": BY_TOKEN,
    "GET /rsvp/{token}/calendar.ics": BY_TOKEN,
    "HEAD /rsvp/{token}/calendar.ics": BY_TOKEN,
    "GET /rsvp/{token}/{rest:path}": "it says that the link is broken",
    "HEAD /rsvp/{token}/{rest:path}": "it says that the link is broken",
    "GET /e/{slug}": "the public page of an event",
    "HEAD /e/{slug}": "the public page of an event",
    "POST /e/{slug}": "strangers register; the mailed link confirms",
}


def create_api(runtime: StoredRuntime[EventsSettings]) -> FastAPI:
    """The HTTP side of this service."""
    app = create_app(runtime, title="Events", routers=ROUTERS, public_routes=PUBLIC_ROUTES)
    _wire(app, runtime)
    return app


def _wire(app: FastAPI, runtime: StoredRuntime[EventsSettings]) -> None:
    """Build every service once; routes find them in the application's state."""
    database, clock, settings = runtime.database, runtime.clock, runtime.settings
    cursors = Cursors(settings.cursor_key)
    rsvps_service = RSVPService(database, clock, LinkSigner(settings.link_keys, clock))
    app.state.events = EventService(database, clock, cursors)
    app.state.guests = GuestService(database, clock, cursors)
    app.state.rsvps = rsvps_service
    app.state.analytics = AnalyticsService(database)
    app.state.pages = Pages()
    app.state.calendar = CalendarService(rsvps_service, settings, clock)
