"""What is written down about a request, and what never is."""

from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from services.gateway.tests.backend import Backend
from starlette.responses import Response
from structlog.testing import capture_logs

from stitch_common.testing.tokens import Issuer


async def line_of(client: httpx.AsyncClient, method: str, path: str) -> dict[str, Any]:
    with capture_logs() as lines:
        await client.request(method, path)
    [line] = [line for line in lines if line["event"] == "request"]
    return dict(line)


def counted(route: str, outcome: str) -> float:
    labels = {"route": route, "outcome": outcome}
    return REGISTRY.get_sample_value("stitch_gateway_requests_total", labels) or 0


async def test_a_line_says_who_asked_for_what_and_how_it_ended(
    client: httpx.AsyncClient, issuer: Issuer
) -> None:
    client.headers.update(issuer.headers(user_id=42))

    line = await line_of(client, "GET", "/api/events/7?search=private")

    assert line.pop("ms") > 0
    assert line == {
        "event": "request",
        "log_level": "info",
        "method": "GET",
        "route": "/api/events/{event_id}",
        "status": 200,
        "outcome": "answered",
        "upstream": "events",
        "user_id": 42,
        "bytes": 11,
    }


@pytest.mark.parametrize(
    "path", ["/rsvp/SECRET", "/rsvp/SECRET/calendar.ics", "/api/notifications/l/SECRET", "/SECRET"]
)
async def test_a_token_in_a_path_is_never_written_down(
    client: httpx.AsyncClient, path: str
) -> None:
    line = await line_of(client, "GET", path)

    assert "SECRET" not in str(line)


async def test_a_client_that_has_got_its_answer_has_not_left(
    client: httpx.AsyncClient, issuer: Issuer
) -> None:
    client.headers.update(issuer.headers())

    lines = [await line_of(client, "GET", "/api/events") for _ in range(20)]

    assert {line["outcome"] for line in lines} == {"answered"}


async def test_a_refusal_is_counted_by_its_code(client: httpx.AsyncClient) -> None:
    before = counted("/api/events", "not-authenticated")

    line = await line_of(client, "GET", "/api/events")

    assert (line["status"], line["outcome"], line["user_id"]) == (401, "not-authenticated", None)
    assert counted("/api/events", "not-authenticated") == before + 1


async def test_what_is_nowhere_is_counted_as_one(client: httpx.AsyncClient) -> None:
    before = counted("unmatched", "not-found")

    await line_of(client, "GET", "/a/path/that/nobody/should/label")

    assert counted("unmatched", "not-found") == before + 1


async def test_an_answer_of_a_service_is_answered_whatever_it_says(
    viewer: httpx.AsyncClient, events: Backend
) -> None:
    events.answer = Response(status_code=500)

    line = await line_of(viewer, "GET", "/api/events")

    assert (line["status"], line["outcome"]) == (500, "answered")
