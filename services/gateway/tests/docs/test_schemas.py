from typing import Any

import pytest

from stitch_gateway.docs.schemas import Schemas

DOCUMENT = {
    "components": {
        "schemas": {
            "Guest": {
                "type": "object",
                "required": ["email"],
                "properties": {
                    "email": {"type": "string", "format": "email", "maxLength": 254},
                    "party": {"type": "array", "items": {"$ref": "#/components/schemas/Guest"}},
                },
            }
        }
    }
}
GUEST = {"$ref": "#/components/schemas/Guest"}


@pytest.mark.parametrize(
    ("schema", "words"),
    [
        ({"type": "string"}, "string"),
        ({"type": "string", "format": "date-time"}, "string (date-time)"),
        ({"type": "array", "items": {"type": "integer"}}, "array of integer"),
        ({"enum": ["draft", "published"]}, '"draft" or "published"'),
        ({"const": "Bearer"}, '"Bearer"'),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "integer or null"),
        ({"type": ["string", "null"]}, "string or null"),
        ({}, "any"),
        (GUEST, "object"),
    ],
)
def test_a_type_is_said_in_words(schema: dict[str, Any], words: str) -> None:
    assert Schemas(DOCUMENT).type_of(schema) == words


def test_a_note_holds_meaning_limits_and_default() -> None:
    schema = {"description": "How many.", "minimum": 1, "maximum": 100, "default": 50}

    assert Schemas({}).note_of(schema) == "How many. · ≥ 1, ≤ 100, default 50"


def test_fields_of_fields_are_listed_with_the_way_to_them() -> None:
    names = [field.name for field in Schemas(DOCUMENT).fields(GUEST)]

    assert names[:4] == ["email", "party", "party[].email", "party[].party"]
    assert len(names) == 10


def test_required_fields_are_marked() -> None:
    first, second, *_ = Schemas(DOCUMENT).fields(GUEST)

    assert first.is_required
    assert not second.is_required


def test_fields_of_something_that_may_be_null_are_those_of_the_thing() -> None:
    schema = {"anyOf": [GUEST, {"type": "null"}]}

    assert next(Schemas(DOCUMENT).fields(schema)).name == "email"


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        ({"type": "string", "example": "x"}, "x"),
        ({"type": "string", "examples": ["y", "z"]}, "y"),
        ({"type": "integer", "default": 5}, 5),
        ({"enum": ["draft", "published"]}, "draft"),
        ({"type": "boolean"}, True),
        ({"type": "string", "format": "email"}, "ada@example.com"),
        ({"type": "array", "items": {"type": "integer"}}, [1]),
        ({"anyOf": [{"type": "null"}, {"type": "string"}]}, None),
        ({"type": "object", "properties": {"a": {"type": "string"}}}, {"a": "text"}),
    ],
)
def test_an_example_is_made_of_what_the_schema_says(schema: dict[str, Any], example: Any) -> None:
    assert Schemas(DOCUMENT).example(schema) == example


def test_an_example_of_something_endless_ends() -> None:
    assert Schemas(DOCUMENT).example(GUEST)["email"] == "ada@example.com"
