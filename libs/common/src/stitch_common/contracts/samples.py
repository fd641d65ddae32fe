"""A first golden sample of a fact, made from its schema; once committed it is never made again."""

from collections.abc import Mapping
from typing import Any

_BY_NAME: dict[str, Any] = {
    "about": "new-device",
    "attempts": 1,
    "author_id": 7,
    "batch_id": "0b0f6c5e-8a3e-4c0b-9a52-5f1d0c7f3a11",
    "by_guest": True,
    "calendar_sequence": 0,
    "changed": ["title"],
    "content_type": "article",
    "created_by": 7,
    "description": "An evening about bees and roofs.",
    "device": "Firefox on Linux",
    "dietary_restrictions": "no nuts",
    "email": "ada@example.org",
    "event_type": "workshop",
    "full_name": "Ada Lovelace",
    "generation_id": "01957e2b-7c00-7a31-b0de-5b3c2b6f4d10",
    "invitation": 1,
    "ip": "203.0.113.7",
    "jti": "5d0a3c9e6f1b4f0e8d2c",
    "key": "site_name",
    "kid": "2026-03-a",
    "kind": "invitation",
    "link_version": 1,
    "location": "Town hall, Delft",
    "max_attendees": 80,
    "model": "local-small",
    "module_version": "1.2.0",
    "name": "Ada Lovelace",
    "part": 0,
    "party_size": 2,
    "previous_location": "Library, Delft",
    "previous_status": "pending",
    "provider": "local",
    "reason": "requested",
    "reminder_days_before": [7, 1],
    "role": "editor",
    "scope": "all",
    "sid": "0f9c1d52a7",
    "slug": "bees-on-the-roof",
    "smtp_reply": "451 4.7.1 try again later",
    "status": "accepted",
    "timezone": "Europe/Amsterdam",
    "title": "Bees on the roof",
    "username": "ada",
    "version": 3,
    "waitlist_position": None,
}
_BY_TYPE: dict[str, Any] = {"boolean": True, "integer": 42, "number": 1.5, "string": "text"}
_MOMENT = "2026-03-02T12:00:00Z"


def sample(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Fill every field with something that a reader believes."""
    return _object(schema, schema)


def _object(schema: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(name, part, root) for name, part in schema["properties"].items()}


def _value(name: str, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    if "$ref" in schema:
        return _object(root["$defs"][schema["$ref"].rpartition("/")[2]], root)
    if name in _BY_NAME:
        return _BY_NAME[name]
    if "anyOf" in schema:
        return _value(name, schema["anyOf"][0], root)
    if schema.get("format") == "date-time":
        return _MOMENT
    if schema.get("type") == "array":
        return [_value(name.removesuffix("s"), schema["items"], root)]
    return _BY_TYPE[schema["type"]]
