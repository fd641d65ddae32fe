"""Which changes of a contract break somebody."""

from typing import Any, Literal

import pytest
from pydantic import BaseModel, create_model

from stitch_common.contracts.compatibility import breaches


class Guest(BaseModel):
    """Part of a fact, as published."""

    name: str
    seats: int | None


class RenamedGuest(BaseModel):
    """The same part with a field renamed."""

    full_name: str
    seats: int | None


class GrownGuest(BaseModel):
    """The same part with one field more, and other words about it."""

    name: str
    seats: int | None
    table: int = 0


def schema(**fields: Any) -> dict[str, Any]:
    definitions: Any = {
        name: field if isinstance(field, tuple) else (field, ...) for name, field in fields.items()
    }
    model: type[BaseModel] = create_model("Changed", **definitions)
    return model.model_json_schema()


PUBLISHED = schema(id=int, status=str, guests=list[Guest], host=Guest)


def changed(**fields: Any) -> dict[str, Any]:
    return schema(**{"id": int, "status": str, "guests": list[Guest], "host": Guest} | fields)


@pytest.mark.parametrize(
    "current",
    [
        changed(),
        changed(note=(str, "")),
        changed(note=(str | None, None)),
        changed(guests=list[GrownGuest], host=GrownGuest),
    ],
    ids=["nothing", "a field with a default", "an optional field", "a part that has grown"],
)
def test_growing_breaks_nobody(current: dict[str, Any]) -> None:
    assert breaches(PUBLISHED, current) == []


@pytest.mark.parametrize(
    ("current", "complaint"),
    [
        (
            schema(id=int, guests=list[Guest], host=Guest),
            "the field `status` is gone",
        ),
        (changed(id=str), "the field `id` was integer and is string"),
        (changed(id=int | None), "the field `id` was integer and is integer or null"),
        (
            changed(status=Literal["open"]),
            "the field `status` was string and is one of ['open']",
        ),
        (
            changed(note=str),
            "the new field `note` has no default, so facts already stored lack it",
        ),
        (changed(host=RenamedGuest), "the field `host.name` is gone"),
        (changed(guests=list[RenamedGuest]), "the field `guests[].name` is gone"),
        (changed(guests=Guest), "the field `guests` was array and is object"),
        (changed(host=Guest | None), "the field `host` was object and is Guest or null"),
    ],
)
def test_what_breaks_readers_is_said_in_a_sentence(current: dict[str, Any], complaint: str) -> None:
    assert complaint in breaches(PUBLISHED, current)


def test_a_lost_default_breaks_readers_of_stored_facts() -> None:
    assert breaches(schema(note=(str, "")), schema(note=str)) == [
        "the field `note` has lost its default"
    ]
