"""Bodies of suggestions."""

from typing import Annotated

from pydantic import AwareDatetime, BaseModel, Field

from stitch_common.http.bodies import RequestBody
from stitch_content.suggestions.rules import Field as Suggested


class SuggestionsView(BaseModel):
    """What a provider suggests for an item; nothing of it is applied."""

    titles: list[str]
    meta_description: str
    keywords: list[str]
    improvements: list[str]
    summary: str
    provider: str
    model: str
    notice: str | None
    """What the reader should know about how this came to be."""
    generation_id: str
    made_at: AwareDatetime
    of_version: int
    """The version of the item that was read."""
    version: int
    """The item's version now that these are stored with it."""


class SuggestionsApplied(RequestBody):
    """Which fields to take over."""

    fields: Annotated[list[Suggested], Field(min_length=1)]
    title: Annotated[int, Field(ge=0)] = 0
    """Which of the titles, for `title` and `meta_title`; the first is 0."""
