"""Use cases of suggestions: ask without a transaction, keep the answer, take over what is named."""

from typing import Any, Protocol

from stitch_common.clock import Clock
from stitch_common.contracts.questions import SuggestForContent, Suggestions
from stitch_content.content.service import (
    ContentService,
    ContentUpdate,
    ContentView,
    plain_text,
    text_of,
)
from stitch_content.suggestions.errors import NothingSuggestedError, NothingToReadError
from stitch_content.suggestions.rules import LONGEST, values_of
from stitch_content.suggestions.schemas import SuggestionsApplied, SuggestionsView

LONGEST_FIELD = max(LONGEST.values())


class Assistant(Protocol):
    """Whoever knows AI providers."""

    async def suggest(self, wanted: SuggestForContent) -> Suggestions:
        """Raise AIUnavailableError or AIRefusedError."""


class SuggestionService:
    """What editors have suggested for one item."""

    def __init__(self, contents: ContentService, assistant: Assistant, clock: Clock) -> None:
        self._contents = contents
        self._assistant = assistant
        self._clock = clock

    async def suggest(self, content_id: int, *, user_id: int) -> SuggestionsView:
        """Ask, and store the answer with the item, whatever has happened to it meanwhile.

        ContentNotFoundError, NothingToReadError, AIUnavailableError or AIRefusedError.
        """
        item = await self._contents.get(content_id)
        if not text_of(item.body).strip():
            raise NothingToReadError
        told = await self._assistant.suggest(
            SuggestForContent(
                user_id=user_id,
                title=item.title,
                text=item.body[: SuggestForContent.longest_text],
            )
        )
        stored = (
            told.model_dump(mode="json")
            | _as_text(told)
            | {
                "made_at": self._clock().isoformat(),
                "of_version": item.version,
            }
        )
        kept = await self._contents.keep_suggestions(content_id, stored, user_id=user_id)
        return SuggestionsView.model_validate(stored | {"version": kept.version})

    async def apply(
        self, content_id: int, wanted: SuggestionsApplied, *, expected: int | None, user_id: int
    ) -> ContentView:
        """Take over the named fields and no others; NothingSuggestedError, StaleVersionError."""
        item = await self._contents.get(content_id)
        values: dict[str, Any] = {
            field.value: values_of(item.ai_suggestions or {}, field, title=wanted.title)
            for field in (wanted.fields if item.ai_suggestions else ())
        }
        if not values or not all(values.values()):
            raise NothingSuggestedError
        changes = ContentUpdate.model_validate(values)
        return await self._contents.update(content_id, changes, expected=expected, user_id=user_id)


def _as_text(told: Suggestions) -> dict[str, Any]:
    """The parts that can be taken over, as the item would hold them; nothing that is blank."""
    return {
        "titles": list(filter(None, (_plain(title) for title in told.titles))),
        "keywords": list(filter(None, (_plain(keyword) for keyword in told.keywords))),
        "meta_description": _plain(told.meta_description),
        "summary": _plain(told.summary),
    }


def _plain(text: str) -> str:
    return plain_text(text[:LONGEST_FIELD])  # cut first: nested encodings cost a pass a level
