"""Composition root for what this service does on the bus."""

from stitch_common.process import Worker
from stitch_common.runtime import StoredRuntime
from stitch_events.guests.consumers import invitations_consumer
from stitch_events.settings import EventsSettings
from stitch_events.wiring import Services


def create_worker(runtime: StoredRuntime[EventsSettings]) -> Worker:
    """The consumers; the relay is added by the process."""
    return Worker(consumers=[invitations_consumer(Services.of(runtime).guests)])
