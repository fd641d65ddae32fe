"""The services of one process, and how routes ask for them."""

from dataclasses import dataclass
from typing import Annotated, Self

from fastapi import Depends, Request

from stitch_common.http.lists import Cursors
from stitch_common.runtime import StoredRuntime
from stitch_common.security.links import LinkSigner
from stitch_events.analytics.service import AnalyticsService
from stitch_events.calendar.service import CalendarService
from stitch_events.events.service import EventService
from stitch_events.guests.service import GuestService
from stitch_events.rsvps.service import RSVPService
from stitch_events.settings import EventsSettings


@dataclass(frozen=True, slots=True)
class Services:
    """Every use case of this service, built once."""

    events: EventService
    guests: GuestService
    rsvps: RSVPService
    analytics: AnalyticsService
    calendar: CalendarService

    @classmethod
    def of(cls, runtime: StoredRuntime[EventsSettings]) -> Self:
        database, clock, settings = runtime.database, runtime.clock, runtime.settings
        cursors = Cursors(settings.cursor_key)
        rsvps = RSVPService(database, clock, LinkSigner(settings.link_keys, clock))
        return cls(
            events=EventService(database, clock, cursors),
            guests=GuestService(database, clock, cursors),
            rsvps=rsvps,
            analytics=AnalyticsService(database),
            calendar=CalendarService(rsvps, settings, clock),
        )


def services(request: Request) -> Services:
    built: Services = request.app.state.services
    return built


BuiltServices = Annotated[Services, Depends(services)]


def _events(built: BuiltServices) -> EventService:
    return built.events


def _guests(built: BuiltServices) -> GuestService:
    return built.guests


def _rsvps(built: BuiltServices) -> RSVPService:
    return built.rsvps


def _analytics(built: BuiltServices) -> AnalyticsService:
    return built.analytics


def _calendar(built: BuiltServices) -> CalendarService:
    return built.calendar


Events = Annotated[EventService, Depends(_events)]
Guests = Annotated[GuestService, Depends(_guests)]
RSVPs = Annotated[RSVPService, Depends(_rsvps)]
Analytics = Annotated[AnalyticsService, Depends(_analytics)]
Calendar = Annotated[CalendarService, Depends(_calendar)]
