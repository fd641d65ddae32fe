"""What services say of their API: complete, committed, and all that the old frontend calls."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from stitch_dev.openapi import described
from stitch_gateway.routing.models import BEARER
from stitch_gateway.routing.rules import RouteTable
from stitch_gateway.routing.table import ROUTES

ROOT = Path(__file__).parents[2]
DOCUMENTS: dict[str, str] = described()
METHODS = {"get", "post", "put", "patch", "delete"}
WITHOUT_BODY = {"204", "301", "304"}


def operations(service: str) -> list[tuple[str, dict[str, Any]]]:
    paths = json.loads(DOCUMENTS[service])["paths"]
    return [
        (f"{method.upper()} {path}", operation)
        for path, entries in paths.items()
        for method, operation in entries.items()
        if method in METHODS
    ]


ALL = {name: operation for service in DOCUMENTS for name, operation in operations(service)}


def test_there_is_much_to_check() -> None:
    assert len(ALL) > 60


@pytest.mark.parametrize("service", DOCUMENTS)
def test_the_committed_description_is_that_of_the_code(service: str) -> None:
    committed = ROOT / "docs" / "openapi" / f"{service}.json"

    assert committed.read_text() == DOCUMENTS[service], "run make generate, and commit"


@pytest.mark.parametrize("name", ALL)
def test_every_answer_has_a_model(name: str) -> None:
    answers = ALL[name]["responses"]
    bodies = {status: a.get("content", {}) for status, a in answers.items()}

    assert [s for s in bodies if s[0] == "2" or s in WITHOUT_BODY], "no success is described"
    assert [s for s, content in bodies.items() if not content and s not in WITHOUT_BODY] == []


@pytest.mark.parametrize("name", ALL)
def test_every_error_is_a_problem(name: str) -> None:
    errors = {s: a for s, a in ALL[name]["responses"].items() if s[0] in "45"}

    assert {tuple(a["content"]) for a in errors.values()} == {("application/problem+json",)}


FRONTEND_CALLS = [
    "POST /api/auth/register", "POST /api/auth/token", "GET /api/auth/me",
    "POST /api/content", "GET /api/content", "GET /api/content/{}", "PUT /api/content/{}",
    "DELETE /api/content/{}", "POST /api/content/{}/ai-suggestions",
    "GET /api/settings", "GET /api/settings/{}", "POST /api/settings", "PUT /api/settings/{}",
    "DELETE /api/settings/{}", "GET /api/settings/config/site", "POST /api/settings/config/site",
    "POST /api/settings/initialize-defaults",
    "POST /api/ai/generate-content", "GET /api/ai/providers",
    "GET /api/events", "POST /api/events", "GET /api/events/{}", "PUT /api/events/{}",
    "POST /api/events/{}/rsvps", "PUT /api/events/rsvps/{}", "GET /api/events/{}/analytics",
    "POST /api/notifications/{}/send-invitations", "POST /api/notifications/{}/send-reminders",
    "GET /api/notifications/{}/communications", "GET /api/notifications/{}/notification-stats",
    "GET /api/notifications/templates",
    "GET /api/dashboard/stats", "GET /api/dashboard/quick-actions", "GET /api/dashboard/analytics",
]  # fmt: skip
"""The calls of the catalogue that this system has; modules come later."""


@pytest.mark.parametrize("call", FRONTEND_CALLS)
def test_a_call_of_the_old_frontend_is_served(call: str) -> None:
    assert call in {re.sub(r"\{[^}]*\}", "{}", name) for name in ALL}


TABLE = RouteTable(ROUTES)
OPERATIONS = [(s, name) for s in DOCUMENTS for name, _ in operations(s)]


@pytest.mark.parametrize(("service", "name"), OPERATIONS, ids=[name for _, name in OPERATIONS])
def test_the_gateway_routes_it_as_the_service_guards_it(service: str, name: str) -> None:
    method, path = re.sub(r"\{[^}]*\}", "1", name).split(" ")

    route = TABLE.find(method, path).route

    assert route.upstream == service
    is_guarded = {"HTTPBearer": []} in ALL[name].get("security", [])
    assert (route.access == BEARER) is is_guarded
