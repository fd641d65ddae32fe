"""Which suggestion goes into which field, and what fits there."""

from enum import StrEnum
from typing import Any

MAX_KEYWORD = 50
MAX_TAGS = 30
LONGEST = {"title": 300, "meta_title": 500, "meta_description": 500, "excerpt": 2000}


class Field(StrEnum):
    """What can be taken over into an item."""

    TITLE = "title"
    META_TITLE = "meta_title"
    META_DESCRIPTION = "meta_description"
    META_KEYWORDS = "meta_keywords"
    TAGS = "tags"
    EXCERPT = "excerpt"


def values_of(suggestions: dict[str, Any], field: Field, *, title: int) -> Any:
    """What is suggested for a field; nothing that is empty. `title` counts from 0."""
    if field in {Field.TITLE, Field.META_TITLE}:
        titles = suggestions["titles"]
        return titles[title][: LONGEST[field]] if title < len(titles) else None
    if field is Field.META_DESCRIPTION:
        return suggestions["meta_description"][: LONGEST[field]]
    if field is Field.EXCERPT:
        return suggestions["summary"][: LONGEST[field]]
    keywords = [word for word in suggestions["keywords"] if len(word) <= MAX_KEYWORD]
    return keywords[:MAX_TAGS] if field is Field.TAGS else _joined(keywords)


def _joined(keywords: list[str]) -> str:
    """As many whole keywords as a page's head may hold."""
    joined = ", ".join(keywords)
    while len(joined) > LONGEST["meta_description"]:
        joined = joined.rpartition(", ")[0]
    return joined
