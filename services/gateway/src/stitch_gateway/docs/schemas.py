"""JSON Schemas as people read them: fields, types in words, and an example."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Schema = Mapping[str, Any]

MAX_DEPTH = 4
EXAMPLES: dict[str, Any] = {
    "date-time": "2026-06-01T18:00:00Z",
    "date": "2026-06-01",
    "email": "ada@example.com",
    "uri": "https://example.com/",
    "uuid": "3fa85f64-5717-4562-b3fc-2c963f66afa6",
}
PLAIN: dict[str, Any] = {"integer": 1, "number": 1.0, "boolean": True, "null": None}
LIMITS = {
    "minLength": "length ≥ {:g}",
    "maxLength": "length ≤ {:g}",
    "minimum": "≥ {:g}",
    "maximum": "≤ {:g}",
    "exclusiveMinimum": "> {:g}",
    "exclusiveMaximum": "< {:g}",
    "minItems": "items ≥ {:g}",
    "maxItems": "items ≤ {:g}",
}


@dataclass(frozen=True, slots=True)
class FieldView:
    """One line of a table of fields; `name` holds the way to it."""

    name: str
    type: str
    is_required: bool
    note: str


class Schemas:
    """Reads schemas of one document."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document

    def resolve(self, schema: Schema) -> Schema:
        """The schema itself, if this only points at it."""
        target: Any = self._document
        if "$ref" not in schema:
            return schema
        for step in str(schema["$ref"]).removeprefix("#/").split("/"):
            target = target.get(step, {})
        return {**self.resolve(target), **{k: v for k, v in schema.items() if k != "$ref"}}

    def type_of(self, schema: Schema) -> str:
        """In words: `string (email)`, `array of integer`, `"draft" or "published"`."""
        schema = self.resolve(schema)
        if alternatives := schema.get("anyOf") or schema.get("oneOf"):
            return " or ".join(dict.fromkeys(self.type_of(option) for option in alternatives))
        if "const" in schema:
            return json.dumps(schema["const"])
        if "enum" in schema:
            return " or ".join(json.dumps(value) for value in schema["enum"])
        if schema.get("type") == "array":
            return f"array of {self.type_of(schema.get('items', {}))}"
        kind = schema.get("type", "any")
        name = " or ".join(kind) if isinstance(kind, list) else str(kind)
        return f"{name} ({schema['format']})" if "format" in schema else name

    def note_of(self, schema: Schema) -> str:
        """What type and name leave out: meaning, limits, default."""
        schema = self.resolve(schema)
        limits = [LIMITS[key].format(schema[key]) for key in LIMITS if key in schema]
        if schema.get("default") not in (None, [], {}, ""):
            limits.append(f"default {json.dumps(schema['default'])}")
        sentences = [str(schema.get("description", "")).strip(), ", ".join(limits)]
        return " · ".join(filter(None, sentences))

    def fields(self, schema: Schema, way: str = "", depth: int = 0) -> Iterator[FieldView]:
        """Every field of an object, those of objects in it included."""
        schema = self._object(schema)
        required = schema.get("required", [])
        for name, value in schema.get("properties", {}).items():
            path = f"{way}{name}"
            yield FieldView(path, self.type_of(value), name in required, self.note_of(value))
            if depth < MAX_DEPTH:
                inner = self._object(value)
                mark = "[]." if inner is not self.resolve(value) else "."
                yield from self.fields(inner, path + mark, depth + 1)

    def _object(self, schema: Schema) -> Schema:
        """The object in question, be it nullable or in an array."""
        schema = self.resolve(schema)
        if schema.get("type") == "array":
            return self._object(schema.get("items", {}))
        for option in schema.get("anyOf", []):
            if "properties" in (inner := self._object(option)):
                return inner
        return schema

    def example(self, schema: Schema, depth: int = 0) -> Any:
        """A value of this schema, made of examples, defaults and types."""
        schema = self.resolve(schema)
        for key in ("example", "default", "const"):
            if schema.get(key) is not None:
                return schema[key]
        for key in ("examples", "enum"):
            if schema.get(key):
                return schema[key][0]
        if alternatives := schema.get("anyOf") or schema.get("oneOf"):
            return self.example(alternatives[0], depth)
        return self._example_of_type(schema, depth)

    def _example_of_type(self, schema: Schema, depth: int) -> Any:
        if schema.get("type") == "object" or "properties" in schema:
            if depth > MAX_DEPTH:
                return {}
            properties = schema.get("properties", {})
            return {name: self.example(value, depth + 1) for name, value in properties.items()}
        if schema.get("type") == "array":
            return [] if depth > MAX_DEPTH else [self.example(schema.get("items", {}), depth + 1)]
        return PLAIN.get(schema.get("type", ""), EXAMPLES.get(schema.get("format", ""), "text"))
