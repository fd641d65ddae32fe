"""The kinds of values that bodies and queries are made of."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Annotated, TypeVar

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

T = TypeVar("T")

YEARS = range(1970, 9000)
"""What every clock, calendar and time zone on the way can hold."""


def _within_years(value: datetime) -> datetime:
    if value.year not in YEARS:
        message = f"must lie between the years {YEARS.start} and {YEARS.stop}"
        raise ValueError(message)
    return value.astimezone(UTC)


WORD = re.compile(r"[^\W_]+")

Moment = Annotated[AwareDatetime, AfterValidator(_within_years)]
"""A time with an offset; it becomes UTC."""

Line = Annotated[str, StringConstraints(max_length=200)]
Paragraph = Annotated[str, StringConstraints(max_length=2000)]
Size = Annotated[int, Field(ge=1, le=1_000_000)]


def unique(values: list[T]) -> list[T]:
    """In their order; the second of two equal ones is dropped."""
    return list(dict.fromkeys(values))


def distinct_by(key: Callable[[T], object]) -> Callable[[list[T]], list[T]]:
    """A validator that refuses two values with the same key."""

    def check(values: list[T]) -> list[T]:
        if len({key(value) for value in values}) < len(values):
            message = "must not name the same thing twice"
            raise ValueError(message)
        return values

    return check


def prefix_query(search: str) -> str | None:
    """A tsquery that finds all words by their beginnings; None if there is no word in it."""
    words = WORD.findall(search)
    return " & ".join(f"'{word}':*" for word in words) if words else None
