"""What the tests read out of an API description."""

from collections.abc import Iterator
from typing import Any

Schema = dict[str, Any]


def guarded(document: Schema) -> Iterator[tuple[str, str]]:
    """Method and path of every operation with a principal; ids are 1."""
    for method, path, operation in _operations(document):
        if operation.get("security"):
            yield method, path


def text_fields(document: Schema) -> Iterator[tuple[str, str, str]]:
    """Method, path and name of every member of a JSON body that takes text."""
    for method, path, operation in _operations(document):
        content = operation.get("requestBody", {}).get("content", {})
        body = _followed(document, content.get("application/json", {}).get("schema", {}))
        for name, member in body.get("properties", {}).items():
            if any(_followed(document, s).get("type") == "string" for s in _alternatives(member)):
                yield method, path, name


def _operations(document: Schema) -> Iterator[tuple[str, str, Schema]]:
    for template, described in document["paths"].items():
        for method, operation in described.items():
            given = [p["name"] for p in operation.get("parameters", ()) if p["in"] == "path"]
            yield method, template.format(**dict.fromkeys(given, "1")), operation


def _alternatives(schema: Schema) -> list[Schema]:
    return list(schema.get("anyOf") or schema.get("oneOf") or [schema])


def _followed(document: Schema, schema: Schema) -> Schema:
    """The schema itself, where it is a reference or one of several that are given a body."""
    for alternative in _alternatives(schema):
        if "$ref" in alternative:
            name = alternative["$ref"].rsplit("/", 1)[1]
            return dict(document["components"]["schemas"][name])
    return schema
