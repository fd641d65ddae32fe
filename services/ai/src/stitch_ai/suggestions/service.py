"""Suggestions: one prompt about a text, answered as an object of lists and sentences."""

from html import escape

from pydantic import ValidationError

from stitch_ai.generation.service import GenerationRequest, GenerationService
from stitch_ai.suggestions.errors import UnusableAnswerError
from stitch_ai.suggestions.schemas import Written
from stitch_common.contracts.questions import SuggestForContent, Suggestions

PROMPT = (
    "Suggest five titles, a meta description, keywords, improvements and a summary of this text, "
    "in its language, as a JSON object with the members titles, meta_description, keywords, "
    "improvements and summary."
)
MAX_TOKENS = 4000


class SuggestionService:
    """Asks whichever provider answers."""

    def __init__(self, generations: GenerationService) -> None:
        self._generations = generations

    async def suggest(self, wanted: SuggestForContent) -> Suggestions:
        """Raise what GenerationService raises, or UnusableAnswerError."""
        request = GenerationRequest(
            prompt=PROMPT,
            context=f"<h1>{escape(wanted.title)}</h1>\n{wanted.text}",
            response_format="json",
            max_tokens=MAX_TOKENS,
        )
        generated = await self._generations.generate(request, by=wanted.user_id)
        try:
            written = Written.model_validate_json(generated.content)
        except ValidationError:
            raise UnusableAnswerError from None
        return Suggestions(
            **written.model_dump(),
            provider=generated.provider,
            model=generated.model,
            notice=generated.notice,
            generation_id=str(generated.id),
        )
