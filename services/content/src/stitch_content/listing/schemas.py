"""What lists answer."""

from pydantic import AwareDatetime

from stitch_content.content.service import ContentView


class ContentListItem(ContentView):
    """An item in a list; with `fields` only those fields are there."""

    headline: str | None = None
    """Where the search matched: HTML-escaped text with the words in `<mark>`."""


class TrashedItem(ContentView):
    """An item in the trash."""

    deleted_at: AwareDatetime
