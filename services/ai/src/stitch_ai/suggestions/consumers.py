"""Bus in: the questions that this service answers."""

from typing import Any

from stitch_ai.suggestions.service import SuggestionService
from stitch_common.bus.questions import Answer
from stitch_common.contracts.questions import Question, SuggestForContent


def suggestion_answers(suggestions: SuggestionService) -> dict[type[Question[Any]], Answer]:
    return {SuggestForContent: suggestions.suggest}
