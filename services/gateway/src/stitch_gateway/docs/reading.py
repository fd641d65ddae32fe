"""The merged document as a page shows it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from stitch_gateway.docs.schemas import FieldView, Schemas

JSON = "application/json"
NOT_IN_ANCHORS = re.compile(r"[^a-z0-9_]+")
ACCESS = {"AccessToken": "access token", "GuestToken": "guest token"}


@dataclass(frozen=True, slots=True)
class ParameterView:
    """Something in the path, the query or the head."""

    name: str
    place: str
    type: str
    is_required: bool
    note: str


@dataclass(frozen=True, slots=True)
class BodyView:
    """What is sent or answered."""

    media_type: str
    fields: tuple[FieldView, ...]
    example: str


@dataclass(frozen=True, slots=True)
class AnswerView:
    """One status."""

    status: str
    note: str
    body: BodyView | None

    @property
    def is_error(self) -> bool:
        return self.status >= "400"


@dataclass(frozen=True, slots=True)
class OperationView:
    """One method of one path."""

    anchor: str
    method: str
    path: str
    summary: str
    note: str
    access: str
    is_deprecated: bool
    parameters: tuple[ParameterView, ...]
    body: BodyView | None
    answers: tuple[AnswerView, ...]


@dataclass(frozen=True, slots=True)
class SectionView:
    """All operations with one tag."""

    name: str
    anchor: str
    operations: tuple[OperationView, ...]


def sections(document: Mapping[str, Any]) -> list[SectionView]:
    """The operations of a document by their first tag, in its order."""
    found: dict[str, list[OperationView]] = {tag["name"]: [] for tag in document["tags"]}
    for operation, tag in _operations(document):
        found.setdefault(tag, []).append(operation)
    return [
        SectionView(name, _anchor(name), tuple(operations))
        for name, operations in found.items()
        if operations
    ]


def _operations(document: Mapping[str, Any]) -> Iterator[tuple[OperationView, str]]:
    schemas = Schemas(document)
    for path, item in document["paths"].items():
        for method, operation in item.items():
            tag = next(iter(operation.get("tags", [])), "Other")
            yield _operation(schemas, method, path, operation), tag


def _operation(
    schemas: Schemas, method: str, path: str, operation: Mapping[str, Any]
) -> OperationView:
    return OperationView(
        anchor=_anchor(f"{method} {path}"),
        method=method.upper(),
        path=path,
        summary=operation.get("summary", ""),
        note=operation.get("description", ""),
        access=_access(operation.get("security", [])),
        is_deprecated=bool(operation.get("deprecated")),
        parameters=tuple(_parameter(schemas, each) for each in operation.get("parameters", [])),
        body=_body(schemas, operation.get("requestBody", {}).get("content", {})),
        answers=tuple(
            AnswerView(
                status, answer.get("description", ""), _body(schemas, answer.get("content", {}))
            )
            for status, answer in sorted(operation.get("responses", {}).items())
        ),
    )


def _parameter(schemas: Schemas, parameter: Mapping[str, Any]) -> ParameterView:
    schema = parameter.get("schema", {})
    return ParameterView(
        name=parameter["name"],
        place=parameter["in"],
        type=schemas.type_of(schema),
        is_required=bool(parameter.get("required")),
        note=schemas.note_of({**schema, **_said(parameter)}),
    )


def _said(parameter: Mapping[str, Any]) -> dict[str, str]:
    return {"description": parameter["description"]} if "description" in parameter else {}


def _body(schemas: Schemas, content: Mapping[str, Any]) -> BodyView | None:
    if not content:
        return None
    media_type = JSON if JSON in content else next(iter(content))
    schema = content[media_type].get("schema", {})
    example = schemas.example(schema)
    shown = json.dumps(example, indent=2, ensure_ascii=False) if "json" in media_type else ""
    return BodyView(media_type, tuple(schemas.fields(schema)), shown)


def _access(security: list[Mapping[str, Any]]) -> str:
    if not security:
        return "public"
    names = [ACCESS.get(name, name) for need in security for name in need]
    return ("public, or " if {} in security else "") + " or ".join(names)


def _anchor(text: str) -> str:
    return NOT_IN_ANCHORS.sub("-", text.lower()).strip("-")
