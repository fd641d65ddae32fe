"""What every request body refuses: what PostgreSQL can't hold, and bottomless nesting."""

from collections.abc import Iterable
from math import isfinite
from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError, ValidationError

MAX_ID = 2**63 - 1

ResourceId = Annotated[int, Path(ge=1, le=MAX_ID)]
"""A `bigint` identity in a path; anything else is a 404."""


MAX_DEPTH = 100
"""What pydantic, PostgreSQL and Python's own stack hold with room to spare."""

Place = tuple[str | int, ...]
Refusal = tuple[Place, PydanticCustomError]
UNSTORABLE = PydanticCustomError(
    "unstorable_text", "Text must not contain NUL characters or lone surrogates."
)
NO_NUMBER = PydanticCustomError("no_number", "Must be a finite number.")
"""Python reads `NaN` and 1e400 where JSON has no such numbers, and can't write them either."""
TOO_DEEP = PydanticCustomError("too_deep", f"Must not be nested deeper than {MAX_DEPTH} levels.")


def is_storable(text: str) -> bool:
    """Whether PostgreSQL's `text` can hold this: no NUL, no lone surrogate."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\x00" not in text


def first_refusal(value: Any, at: Place = ()) -> Refusal | None:
    """The first part of a body that no service can keep, and why."""
    if isinstance(value, str):
        return None if is_storable(value) else (at, UNSTORABLE)
    if isinstance(value, float):
        return None if isfinite(value) else (at, NO_NUMBER)
    if isinstance(value, dict):
        # A name that can't be stored can't be shown either: the object that has it is named.
        bad_names = any(not is_storable(name) for name in value)
        return (at, UNSTORABLE) if bad_names else _first_within(value.items(), at)
    return _first_within(enumerate(value), at) if isinstance(value, list) else None


def _first_within(items: Iterable[tuple[str | int, Any]], at: Place) -> Refusal | None:
    if len(at) == MAX_DEPTH:
        return at[:1], TOO_DEEP
    found = (first_refusal(item, (*at, step)) for step, item in items)
    return next(filter(None, found), None)


class RequestBody(BaseModel):
    """The base of every body that comes in; fields it does not know are ignored."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def refuse_what_cannot_be_kept(cls, data: Any) -> Any:
        if refusal := first_refusal(data):
            place, reason = refusal
            # Raised as a ValidationError, because only that can name the field.
            raise ValidationError.from_exception_data(
                cls.__name__, [{"type": reason, "loc": place, "input": None}]
            )
        return data
