"""Composition root for what this service does on the bus."""

from stitch_common.bus.questions import Responder
from stitch_common.http.lists import Cursors
from stitch_common.process import Worker
from stitch_common.runtime import StoredRuntime
from stitch_events.events.consumers import event_answers
from stitch_events.events.service import EventService
from stitch_events.guests.consumers import invitations_consumer
from stitch_events.guests.service import GuestService
from stitch_events.settings import EventsSettings


def create_worker(runtime: StoredRuntime[EventsSettings]) -> Worker:
    """The consumers and the answers; the relay is added by the process."""
    cursors = Cursors(runtime.settings.cursor_key)
    guests = GuestService(runtime.database, runtime.clock, cursors)
    events = EventService(runtime.database, runtime.clock, cursors)
    return Worker(
        consumers=[invitations_consumer(guests)],
        components=[Responder(runtime.bus, "events", event_answers(events))],
    )
