"""What every request body refuses: text that PostgreSQL can't hold."""

from typing import Annotated, Any

from fastapi import Path
from pydantic import BaseModel, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

MAX_ID = 2**63 - 1

ResourceId = Annotated[int, Path(ge=1, le=MAX_ID)]
"""A `bigint` identity in a path; anything else is a 404."""


def is_storable(text: str) -> bool:
    """Whether PostgreSQL's `text` can hold this: no NUL, no lone surrogate."""
    return "\x00" not in text and not any("\ud800" <= c <= "\udfff" for c in text)


def _check(value: Any) -> None:
    if isinstance(value, str) and not is_storable(value):
        raise PydanticCustomError(
            "unstorable_text", "Text must not contain NUL characters or lone surrogates."
        )
    if isinstance(value, dict):
        for key, item in value.items():
            _check(key)
            _check(item)
    elif isinstance(value, list):
        for item in value:
            _check(item)


class RequestBody(BaseModel):
    """The base of every body that comes in; fields it does not know are ignored."""

    model_config = ConfigDict(extra="ignore", str_strip_whitespace=True)

    @model_validator(mode="before")
    @classmethod
    def refuse_unstorable_text(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        for name, value in data.items():
            try:
                _check(value)
            except PydanticCustomError as error:
                raise ValueError(f"{name}: {error.message()}") from None
        return data
