"""Bus in: the questions that others put about events."""

from typing import Any

from stitch_common.bus.questions import Answer
from stitch_common.contracts.questions import DescribeEvent, EventNow, Question
from stitch_events.events.service import EventService


def event_answers(events: EventService) -> dict[type[Question[Any]], Answer]:
    async def describe(question: DescribeEvent) -> EventNow:
        return await events.describe(question.event_id)

    return {DescribeEvent: describe}
