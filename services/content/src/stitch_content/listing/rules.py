"""Pure decisions about lists: which fields and orders there are, and where a day ends."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Annotated
from unicodedata import normalize

from pydantic import AwareDatetime, TypeAdapter

from stitch_common.moments import WrittenOut
from stitch_content.listing.errors import not_one_of

FIELDS = (
    "id", "title", "slug", "content_type", "body", "excerpt", "status", "author_id",
    "meta_title", "meta_description", "meta_keywords", "tags", "locale", "ai_generated",
    "ai_suggestions", "created_at", "updated_at", "published_at", "publish_at", "unpublish_at",
    "has_unpublished_changes", "version",
)  # fmt: skip
ORDERS = ("created_at", "updated_at", "published_at", "title")
MAX_SEARCH = 500
REPEATED_MINUS = re.compile(r"""-(?:[^\w"]|_)*(?=-)""")
RELEVANCE = "relevance"
DAY = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MOMENT = TypeAdapter[datetime](Annotated[AwareDatetime, WrittenOut])
NEWEST_FIRST = "-created_at"


@dataclass(frozen=True, slots=True)
class Order:
    """By which value a list is sorted; the id settles ties in the same direction."""

    key: str
    descending: bool

    @property
    def is_relevance(self) -> bool:
        return self.key == RELEVANCE


def order_of(sort: str | None, *, searching: bool) -> Order:
    """The order that is asked for: by default the best match, else the newest first."""
    if sort is None:
        sort = RELEVANCE if searching else NEWEST_FIRST
    if sort == RELEVANCE and searching:
        return Order(RELEVANCE, descending=True)
    key = sort.removeprefix("-")
    if key not in ORDERS:
        allowed = [*ORDERS, *(f"-{name}" for name in ORDERS)]
        raise not_one_of("sort", [*allowed, f"{RELEVANCE} (with search)"])
    return Order(key, descending=sort.startswith("-"))


def fields_of(fields: str | None) -> Sequence[str]:
    """The fields that are asked for, in our order; all of them by default."""
    if fields is None:
        return FIELDS
    wanted = {name.strip() for name in fields.split(",")}
    if not wanted <= set(FIELDS):
        raise not_one_of("fields", FIELDS)
    return [name for name in FIELDS if name in wanted]


def words_of(search: str | None) -> str | None:
    """What `websearch_to_tsquery` can take; None if there is nothing to look for.

    PostgreSQL refuses words of 2 KiB and runs of more than 31 minus signs without a word between.
    """
    words = REPEATED_MINUS.sub("", normalize("NFC", (search or "").strip()[:MAX_SEARCH]))
    return words or None


def day_or_moment(written: str) -> datetime | date:
    """What a filter by time means; ValueError if it is neither a day nor a moment."""
    try:
        is_day = DAY.fullmatch(written)
        return date.fromisoformat(written) if is_day else MOMENT.validate_python(written)
    except ValueError:
        message = (
            "Write a day, such as 2026-03-02, or a date and a time with an offset (RFC 3339), "
            "such as 2026-03-02T12:00:00Z."
        )
        raise ValueError(message) from None


def beginning(moment: datetime | date | None) -> datetime | None:
    """A day begins at midnight UTC."""
    if moment is None or isinstance(moment, datetime):
        return moment
    return datetime.combine(moment, time(), UTC)


def end(moment: datetime | date | None) -> datetime | None:
    """A day that ends a range belongs to it; gives the moment before which things happened."""
    if moment is None:
        return None
    if isinstance(moment, datetime):
        return moment + timedelta(microseconds=1)
    return datetime.combine(moment, time(), UTC) + timedelta(days=1)
