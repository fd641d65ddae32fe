"""The ai service, asked over the bus."""

from stitch_common.bus.connection import Bus
from stitch_common.bus.questions import (
    LateAnswerError,
    NoAnswerError,
    QuestionRefusedError,
    ask,
)
from stitch_common.contracts.questions import SuggestForContent, Suggestions
from stitch_content.suggestions.errors import AIRefusedError, AIUnavailableError

RETRY_AFTER_SECONDS = 30


class BusAssistant:
    """Asks with a deadline; nobody waits where nobody listens."""

    def __init__(self, bus: Bus) -> None:
        self._bus = bus

    async def suggest(self, wanted: SuggestForContent) -> Suggestions:
        try:
            return await ask(self._bus, wanted)
        except (NoAnswerError, LateAnswerError):
            headers = {"retry-after": str(RETRY_AFTER_SECONDS)}
            raise AIUnavailableError(headers=headers) from None
        except QuestionRefusedError as error:
            raise AIRefusedError(str(error), extra={"reason": error.their_code}) from error
