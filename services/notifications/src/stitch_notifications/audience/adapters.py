"""The events service, asked over the bus."""

from stitch_common.bus.connection import Bus
from stitch_common.bus.questions import (
    LateAnswerError,
    NoAnswerError,
    QuestionRefusedError,
    ask,
)
from stitch_common.contracts.questions import DescribeEvent, EventNow
from stitch_notifications.audience.errors import EventNotKnownYetError

NOT_FOUND = "event-not-found"
RETRY_AFTER_SECONDS = 2


class BusOwner:
    """Asks with a short deadline: somebody waits for the answer to a request of theirs."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def find(self, event_id: int) -> EventNow | None:
        """None where the owner knows no such event; EventNotKnownYetError if it is silent."""
        try:
            return await ask(self._bus, DescribeEvent(event_id=event_id))
        except QuestionRefusedError as error:
            if error.their_code == NOT_FOUND:
                return None
            raise
        except (NoAnswerError, LateAnswerError):
            raise EventNotKnownYetError(
                "Nothing is known of this event yet, and the events service does not answer.",
                headers={"retry-after": str(RETRY_AFTER_SECONDS)},
            ) from None
