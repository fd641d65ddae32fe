"""Other services ask about an event, over a real bus."""

from collections.abc import AsyncGenerator

import pytest

from stitch_common.bus.connection import Bus
from stitch_common.bus.questions import QuestionRefusedError, ask
from stitch_common.contracts.questions import DescribeEvent
from stitch_common.database import Database
from stitch_common.http.lists import Cursors
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.traffic import answering_for, connected
from stitch_events.events.consumers import event_answers
from stitch_events.events.schemas import EventCreate
from stitch_events.events.service import EventService
from stitch_events.settings import EventsSettings


@pytest.fixture
def events(database: Database, clock: SettableClock, settings: EventsSettings) -> EventService:
    return EventService(database, clock, Cursors(settings.cursor_key))


@pytest.fixture
async def asker(
    nats_url: str, events: EventService, patient_questions: None
) -> AsyncGenerator[Bus]:
    """Another service's connection, while the worker answers."""
    async with (
        answering_for(nats_url, "events", event_answers(events)),
        connected(nats_url, "notifications") as bus,
    ):
        yield bus


async def test_an_event_is_described_as_its_newest_fact_does(
    asker: Bus, events: EventService
) -> None:
    draft = EventCreate.model_validate({"title": "Jazz", "start_date": "2026-06-01T18:00:00Z"})
    event = await events.publish((await events.create(draft, by=1)).id, expected=None)

    told = await ask(asker, DescribeEvent(event_id=event.id))

    assert (told.version, told.event.title, told.event.status) == (
        event.version,
        "Jazz",
        "published",
    )


async def test_an_event_that_there_is_not_or_no_longer_is_refused(
    asker: Bus, events: EventService
) -> None:
    draft = EventCreate.model_validate({"title": "Gone", "start_date": "2026-06-01T18:00:00Z"})
    gone = await events.create(draft, by=1)
    await events.delete(gone.id, expected=None)

    for event_id in (gone.id, 999_999):
        with pytest.raises(QuestionRefusedError) as refused:
            await ask(asker, DescribeEvent(event_id=event_id))
        assert refused.value.their_code == "event-not-found"
