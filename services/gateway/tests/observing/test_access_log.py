"""What is written down about a request, and what never is."""

import json
import logging
import re
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from services.gateway.tests.conftest import Raw
from starlette.responses import Response

from stitch_common.testing.recording import Backend
from stitch_common.testing.tokens import Issuer
from stitch_common.testing.waiting import until
from stitch_gateway.observing.lines import LOGGER

Ask = Callable[[httpx.AsyncClient, str, str], Awaitable[dict[str, Any]]]


@pytest.fixture
async def line_of(access_log: list[str], caplog: pytest.LogCaptureFixture) -> Ask:
    """The line that a request leaves."""
    caplog.set_level(logging.INFO, LOGGER)

    async def ask(client: httpx.AsyncClient, method: str, path: str) -> dict[str, Any]:
        access_log.clear()
        answer = await client.request(method, path)
        await until(lambda: access_log)  # it comes when the request is already answered
        [line] = [json.loads(line) for line in "".join(access_log).splitlines()]
        assert line["request_id"] == answer.headers["x-request-id"]
        return dict(line)

    return ask


def counted(route: str, outcome: str) -> float:
    labels = {"route": route, "outcome": outcome}
    return REGISTRY.get_sample_value("stitch_gateway_requests_total", labels) or 0


async def test_a_line_says_who_asked_for_what_and_how_it_ended(
    client: httpx.AsyncClient, issuer: Issuer, line_of: Ask
) -> None:
    client.headers.update(issuer.headers(user_id=42))

    line = await line_of(client, "GET", "/api/events/7?search=private")

    assert line.pop("ms") > 0
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", line.pop("timestamp"))
    assert re.fullmatch("[0-9a-f]{32}", line.pop("request_id"))
    assert re.fullmatch("[0-9a-f]{32}", line.pop("trace_id"))
    assert line == {
        "event": "request",
        "level": "info",
        "logger": "stitch_gateway.access",
        "service": "gateway",
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
    client: httpx.AsyncClient, path: str, line_of: Ask
) -> None:
    line = await line_of(client, "GET", path)

    assert "SECRET" not in str(line)


async def test_a_client_that_has_got_its_answer_has_not_left(
    client: httpx.AsyncClient, issuer: Issuer, line_of: Ask
) -> None:
    client.headers.update(issuer.headers())

    lines = [await line_of(client, "GET", "/api/events") for _ in range(20)]

    assert {line["outcome"] for line in lines} == {"answered"}


async def test_a_refusal_is_counted_by_its_code(client: httpx.AsyncClient, line_of: Ask) -> None:
    before = counted("/api/events", "not-authenticated")

    line = await line_of(client, "GET", "/api/events")

    assert (line["status"], line["outcome"], line["user_id"]) == (401, "not-authenticated", None)
    assert counted("/api/events", "not-authenticated") == before + 1


async def test_what_is_nowhere_is_counted_as_one(client: httpx.AsyncClient, line_of: Ask) -> None:
    before = counted("unmatched", "not-found")

    await line_of(client, "GET", "/a/path/that/nobody/should/label")

    assert counted("unmatched", "not-found") == before + 1


async def test_an_answer_of_a_service_is_answered_whatever_it_says(
    viewer: httpx.AsyncClient, events: Backend, line_of: Ask
) -> None:
    events.answer = Response(status_code=500)

    line = await line_of(viewer, "GET", "/api/events")

    assert (line["status"], line["outcome"]) == (500, "answered")


@pytest.mark.parametrize(
    ("rest", "status", "outcome"),
    [(b"2\r\nab\r\n", 408, "slow-body"), (b"not a chunk\r\n", 400, "malformed-request")],
)
async def test_a_body_that_the_connection_refuses_is_no_client_that_has_left(
    access_log: list[str],
    caplog: pytest.LogCaptureFixture,
    raw: Raw,
    *,
    rest: bytes,
    status: int,
    outcome: str,
) -> None:
    caplog.set_level(logging.INFO, LOGGER)
    access_log.clear()
    head = b"POST /api/auth/register HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"

    answer = await raw(head + rest)
    await until(lambda: access_log)
    line = json.loads(access_log[0])

    assert answer.startswith(b"HTTP/1.1 %d " % status)
    assert (line["status"], line["outcome"]) == (status, outcome)
