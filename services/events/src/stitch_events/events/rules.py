"""Decisions about events, free of I/O."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from slugify import slugify

from stitch_common.errors import FieldError, InvalidFieldError

MAX_SLUG = 80
SUFFIX_LENGTH = 6

LINKS_OUTLIVE_EVENTS_BY = timedelta(days=90)
"""So that guests may look up what they attended."""

SCHEDULE = frozenset({"start_date", "end_date", "timezone", "location"})
"""A change of one of these is material: guests have to know (RFC 5546 §2.1.4)."""


class EventStatus(StrEnum):
    """Where an event is in its life."""

    DRAFT = "draft"
    PUBLISHED = "published"
    CANCELLED = "cancelled"
    COMPLETED = "completed"


@cache
def known_zones() -> frozenset[str]:
    return frozenset(available_timezones() - {"localtime"})


def check_dates(fields: Mapping[str, Any]) -> None:
    """Refuse dates that contradict each other, naming the field."""
    errors = list(
        _contradictions(fields["start_date"], fields["end_date"], fields["rsvp_deadline"])
    )
    if errors:
        raise InvalidFieldError("; ".join(e.message for e in errors), errors=errors)


def _contradictions(
    start: datetime, end: datetime, deadline: datetime | None
) -> Iterator[FieldError]:
    if end < start:
        yield FieldError("/end_date", "end_date must not be before start_date.")
    if deadline is not None and deadline > start:
        yield FieldError("/rsvp_deadline", "rsvp_deadline must not be after start_date.")


def slug_of(title: str) -> str:
    """A readable slug; letters of other scripts are transliterated."""
    return slugify(title, max_length=MAX_SLUG, word_boundary=True) or "event"


def slug_variant(slug: str, suffix: str) -> str:
    """The same slug made different, for one that is taken."""
    return f"{slug[: MAX_SLUG - SUFFIX_LENGTH - 1].rstrip('-')}-{suffix}"
