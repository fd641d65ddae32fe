"""A published version of a fact only grows: what that means, told in sentences."""

from collections.abc import Iterator, Mapping
from typing import Any

Schema = Mapping[str, Any]

# What tells people something, and nothing to a parser.
_SILENT = frozenset({"title", "description", "default", "$id", "$schema", "examples"})


def breaches(published: Schema, current: Schema) -> list[str]:
    """Say how facts of the published schema and readers of it would break; empty is compatible.

    Old facts are replayed for 30 days to new readers, and new facts reach readers that have not
    been deployed yet. So a field that was published stays as it is, and a new one has a default.
    """
    return list(_object(_Side(published), _Side(current), ""))


class _Side:
    """A schema or a part of one, with references followed."""

    def __init__(self, schema: Schema, root: Schema | None = None) -> None:
        self._root = root if root is not None else schema
        reference = schema.get("$ref")
        self.schema = self._follow(reference) if reference else schema

    def _follow(self, reference: str) -> Schema:
        found: Schema = self._root["$defs"][reference.removeprefix("#/$defs/")]
        return found

    def part(self, schema: Schema) -> "_Side":
        return _Side(schema, self._root)

    def fields(self) -> dict[str, "_Side"]:
        return {name: self.part(field) for name, field in self.schema["properties"].items()}

    @property
    def required(self) -> frozenset[str]:
        return frozenset(self.schema.get("required", ()))

    @property
    def is_object(self) -> bool:
        return "properties" in self.schema


def _object(old: _Side, new: _Side, path: str) -> Iterator[str]:
    before, after = old.fields(), new.fields()
    for name, field in before.items():
        where = f"{path}{name}"
        if name not in after:
            yield f"the field `{where}` is gone"
        else:
            yield from _value(field, after[name], where)
    for name in after.keys() - before.keys():
        if name in new.required:
            yield f"the new field `{path}{name}` has no default, so facts already stored lack it"
    for name in (new.required - old.required) & before.keys():
        yield f"the field `{path}{name}` has lost its default"


def _value(old: _Side, new: _Side, path: str) -> Iterator[str]:
    if old.is_object and new.is_object:
        yield from _object(old, new, f"{path}.")
    elif "items" in old.schema and "items" in new.schema:
        yield from _value(old.part(old.schema["items"]), new.part(new.schema["items"]), f"{path}[]")
    elif _meaning(old) != _meaning(new):
        yield f"the field `{path}` was {_say(old.schema)} and is {_say(new.schema)}"


def _meaning(side: _Side) -> Any:
    return _bare(side.schema, side)


def _bare(value: Any, side: _Side) -> Any:
    """Leave out what no parser minds, and put definitions where they are referred to."""
    if isinstance(value, Mapping):
        resolved = side.part(value).schema
        return {k: _bare(v, side) for k, v in sorted(resolved.items()) if k not in _SILENT}
    if isinstance(value, list):
        return [_bare(item, side) for item in value]
    return value


def _say(schema: Schema) -> str:
    if "anyOf" in schema:
        return " or ".join(_say(option) for option in schema["anyOf"])
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if values := schema.get("enum") or [schema[key] for key in ("const",) if key in schema]:
        return f"one of {values}"
    kind = str(schema.get("type", "anything"))
    return f"{kind} ({schema['format']})" if "format" in schema else kind
