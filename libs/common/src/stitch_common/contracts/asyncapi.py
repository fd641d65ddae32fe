"""docs/asyncapi.json: an AsyncAPI 3.0 document of all facts, their publishers and readers."""

import inspect
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from stitch_common.contracts.base import Fact, all_facts
from stitch_common.contracts.document import readers_in
from stitch_common.contracts.published import golden_file, read, schema_of

SCHEMA_FORMAT = "application/schema+json;version=draft-2020-12"

_TEXT = {"type": "string"}
_HEADERS = {
    "type": "object",
    "required": ["ce-specversion", "ce-id", "ce-source", "ce-type", "ce-time"],
    "properties": {
        "ce-specversion": {"const": "1.0"},
        "ce-id": {**_TEXT, "format": "uuid", "description": "Repetitions are known by it."},
        "ce-source": {**_TEXT, "description": "/stitch/<service>"},
        "ce-type": {**_TEXT, "description": "The subject."},
        "ce-subject": {**_TEXT, "description": "The id of the aggregate."},
        "ce-sequence": {**_TEXT, "description": "The aggregate's version, 0 where it has none."},
        "ce-time": {**_TEXT, "format": "date-time"},
        "ce-dataschema": {**_TEXT, "format": "uri"},
        "traceparent": _TEXT,
        "x-request-id": _TEXT,
    },
}


def asyncapi(services: Path) -> dict[str, Any]:
    """Describe the bus; `services` is the folder whose code tells who reads what."""
    facts = sorted(all_facts().values(), key=lambda fact: fact.subject)
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Stitch: facts on the bus",
            "version": "1.0.0",
            "description": "CloudEvents 1.0 in binary mode on the JetStream stream STITCH.",
        },
        "defaultContentType": "application/json",
        "servers": {"nats": {"host": "127.0.0.1:4222", "protocol": "nats"}},
        "channels": {fact.__name__: _channel(fact) for fact in facts},
        "operations": _operations(facts, readers_in(services)),
        "components": {
            "messages": {fact.__name__: _message(fact) for fact in facts},
            "schemas": {"CloudEvent": _HEADERS},
        },
    }


def _channel(fact: type[Fact]) -> dict[str, Any]:
    name = fact.__name__
    return {
        "address": fact.subject,
        "messages": {name: {"$ref": f"#/components/messages/{name}"}},
    }


def _message(fact: type[Fact]) -> dict[str, Any]:
    return {
        "name": fact.__name__,
        "summary": inspect.getdoc(fact),
        "headers": {"$ref": "#/components/schemas/CloudEvent"},
        "payload": {"schemaFormat": SCHEMA_FORMAT, "schema": _standing_alone(fact)},
        "examples": [{"payload": read(golden_file(fact))}],
    }


def _standing_alone(fact: type[Fact]) -> dict[str, Any]:
    """Lead references from the schema's own root to where it stands in this document."""
    root = f"#/components/messages/{fact.__name__}/payload/schema"
    schema: dict[str, Any] = _moved(schema_of(fact), root)
    # With an `$id` of its own it would be another document, and the references lead nowhere.
    return {name: value for name, value in schema.items() if name not in {"$id", "$schema"}}


def _moved(part: Any, root: str) -> Any:
    if isinstance(part, Mapping):
        return {
            name: f"{root}{value[1:]}" if name == "$ref" else _moved(value, root)
            for name, value in part.items()
        }
    return [_moved(each, root) for each in part] if isinstance(part, list) else part


def _operations(
    facts: list[type[Fact]], readers: Mapping[str, list[str]]
) -> dict[str, dict[str, Any]]:
    found = {}
    for fact in facts:
        name = fact.__name__
        found[f"{fact.producer()}-sends-{name}"] = _operation("send", fact.producer(), name)
        for service in readers.get(name, []):
            found[f"{service}-receives-{name}"] = _operation("receive", service, name)
    return found


def _operation(action: str, service: str, name: str) -> dict[str, Any]:
    channel = f"#/channels/{name}"
    return {
        "action": action,
        "channel": {"$ref": channel},
        "messages": [{"$ref": f"{channel}/messages/{name}"}],
        "tags": [{"name": service}],
    }
