"""The description of the API says what the routes do."""

from typing import Any

import pytest
from fastapi import FastAPI


@pytest.fixture
def operations(app: FastAPI) -> dict[str, dict[str, Any]]:
    paths = app.openapi()["paths"]
    return {f"{m.upper()} {path}": op for path, on in paths.items() for m, op in on.items()}


def test_pages_are_no_part_of_the_api(operations: dict[str, dict[str, Any]]) -> None:
    assert {name.split()[1].split("/")[1] for name in operations} == {"api"}


def test_operations_have_ids_of_their_own(operations: dict[str, dict[str, Any]]) -> None:
    ids = [operation["operationId"] for operation in operations.values()]

    assert len(set(ids)) == len(ids)


def test_a_guests_routes_ask_for_the_guests_token(operations: dict[str, dict[str, Any]]) -> None:
    for method in ("GET", "PUT", "DELETE"):
        assert operations[f"{method} /api/events/rsvp"]["security"] == [{"GuestToken": []}]


def test_a_change_of_an_event_needs_no_field(app: FastAPI) -> None:
    schema = app.openapi()["components"]["schemas"]["EventChange"]

    assert "required" not in schema
    assert not [name for name, field in schema["properties"].items() if "default" in field]
