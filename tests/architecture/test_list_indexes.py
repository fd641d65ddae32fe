"""Every filter that a list offers has an index, so that a list costs the same at any size."""

import json
from importlib import import_module

import pytest
from sqlalchemy import Table

from stitch_dev.openapi import described

PAGING = {"limit", "cursor", "skip", "count", "sort", "fields"}
COLUMN_OF = {
    "/api/auth/audit-log": ("auth", "audit_log", {"since": "at", "until": "at"}),
    "/api/auth/users": ("auth", "users", {}),
    "/api/content": (
        "content",
        "content",
        {"tag": "tags", "created_from": "created_at", "created_to": "created_at"},
    ),
    "/api/content/published": ("content", "publications", {"tag": "tags"}),
    "/api/events": ("events", "events", {"from": "start_date", "to": "start_date"}),
    "/api/events/all-rsvps": (
        "events",
        "rsvps",
        {"checked_in": "checked_in_at", "updated_since": "updated_at"},
    ),
    "/api/notifications/templates": ("notifications", "templates", {}),
}
"""Where a list's filters look; a filter that is not named here has its column's name."""
WITHIN_ONE_EVENT = {"/api/events/{event_id}/rsvps", "/api/notifications/{event_id}/communications"}
"""These lists read one event's rows, by an index that begins with the event."""


def filters() -> dict[str, set[str]]:
    """The filters of every list, by its path."""
    found: dict[str, set[str]] = {}
    for document in described().values():
        for path, operations in json.loads(document)["paths"].items():
            parameters = operations.get("get", {}).get("parameters", [])
            names = {p["name"] for p in parameters if p["in"] == "query"}
            if "limit" in names and names > PAGING & names:
                found[path] = names - PAGING
    return found


FILTERS = filters()


def leading_columns(table: Table) -> set[str]:
    """What an index of this table begins with."""
    firsts = [str(next(iter(index.expressions))) for index in table.indexes]
    return {first.rpartition(".")[2] for first in firsts}


def table(service: str, name: str) -> Table:
    import_module(f"stitch_{service}.__main__")
    found: Table = import_module(f"stitch_{service}.db").Base.metadata.tables[f"{service}.{name}"]
    return found


def test_every_list_with_filters_is_known_here() -> None:
    assert set(FILTERS) - WITHIN_ONE_EVENT == set(COLUMN_OF)


@pytest.mark.parametrize("path", COLUMN_OF)
def test_every_filter_of_a_list_has_an_index(path: str) -> None:
    service, name, renamed = COLUMN_OF[path]

    columns = {renamed.get(filter_, filter_) for filter_ in FILTERS[path]}

    assert columns - leading_columns(table(service, name)) == set()


@pytest.mark.parametrize(
    ("service", "name"), [("events", "rsvps"), ("notifications", "deliveries")]
)
def test_the_rows_of_one_event_are_found_by_an_index(service: str, name: str) -> None:
    assert "event_id" in leading_columns(table(service, name))
