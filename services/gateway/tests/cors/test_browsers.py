"""What browsers are told."""

import httpx
import pytest
from pydantic import ValidationError
from services.gateway.tests.conftest import FRONTEND, Raw
from starlette.responses import HTMLResponse, Response

from stitch_common.testing.recording import Backend
from stitch_gateway.settings import GatewaySettings

ASKS = {"access-control-request-method": "PATCH", "access-control-request-headers": "if-match"}


async def test_a_listed_frontend_may_read_answers(viewer: httpx.AsyncClient) -> None:
    answer = await viewer.get("/api/events", headers={"origin": FRONTEND})

    assert answer.headers["access-control-allow-origin"] == FRONTEND
    assert answer.headers["access-control-allow-credentials"] == "true"
    assert "X-Total-Count" in answer.headers["access-control-expose-headers"]
    assert answer.headers["vary"] == "Origin"


async def test_a_listed_frontend_may_read_errors_too(client: httpx.AsyncClient) -> None:
    for path in ("/api/events", "/api/nothing", "/api//events"):
        answer = await client.get(path, headers={"origin": FRONTEND})
        assert answer.is_client_error
        assert answer.headers["access-control-allow-origin"] == FRONTEND


SENT = b"Host: localhost:8000\r\nX-Request-ID: asked-1\r\nOrigin: %b\r\n"
BELOW_THE_GATEWAY = {
    400: b"GET /api/events/%%00 HTTP/1.1\r\n" + SENT + b"\r\n",
    408: b"POST /api/auth/register HTTP/1.1\r\n" + SENT + b"Content-Length: 9\r\n\r\n{",
    414: b"GET /?" + b"a" * 9000 + b" HTTP/1.1\r\n" + SENT + b"\r\n",
    431: b"GET / HTTP/1.1\r\n" + SENT + b"Cookie: " + b"a" * 17_000 + b"\r\n\r\n",
    501: b"PURGE / HTTP/1.1\r\n" + SENT + b"\r\n",
}
"""What never becomes a request, by the status that it is refused with."""


@pytest.mark.parametrize("status", BELOW_THE_GATEWAY)
async def test_a_listed_frontend_may_read_what_the_protocol_below_refuses(
    raw: Raw, status: int
) -> None:
    answer = await raw(BELOW_THE_GATEWAY[status] % FRONTEND.encode())

    head = answer.partition(b"\r\n\r\n")[0].split(b"\r\n")
    assert head[0].split()[1] == str(status).encode()
    assert b"access-control-allow-origin: " + FRONTEND.encode() in head
    assert b"vary: Origin" in head
    assert b"x-content-type-options: nosniff" in head
    assert b"x-request-id: asked-1" in head


async def test_any_other_origin_is_told_nothing_by_the_protocol_either(raw: Raw) -> None:
    answer = await raw(BELOW_THE_GATEWAY[431] % b"http://evil.example")

    assert answer.startswith(b"HTTP/1.1 431")
    assert b"access-control-" not in answer
    assert b"vary: Origin" in answer


@pytest.mark.parametrize(
    "origin",
    [
        "null",
        "http://localhost:3001",
        "https://localhost:3000",
        "http://localhost:3000.evil.example",
        "http://evil.example/http://localhost:3000",
        "http://LOCALHOST:3000",
        "*",
        "",
    ],
)
async def test_any_other_origin_is_told_nothing(viewer: httpx.AsyncClient, origin: str) -> None:
    plain = await viewer.get("/api/events", headers={"origin": origin})
    preflight = await viewer.options("/api/events/7", headers={"origin": origin, **ASKS})

    for answer in (plain, preflight):
        assert not [name for name in answer.headers if name.startswith("access-control-")]
        assert "Origin" in answer.headers["vary"]


async def test_an_answer_without_an_origin_still_varies_by_it(
    viewer: httpx.AsyncClient, events: Backend
) -> None:
    events.answer = Response("{}", headers={"vary": "Accept-Encoding"})

    answer = await viewer.get("/api/events")

    assert answer.headers["vary"] == "Accept-Encoding, Origin"
    assert "access-control-allow-origin" not in answer.headers


async def test_a_preflight_is_answered_here(client: httpx.AsyncClient, events: Backend) -> None:
    answer = await client.options("/api/events/7", headers={"origin": FRONTEND, **ASKS})

    assert answer.status_code == 204
    assert answer.headers["access-control-allow-origin"] == FRONTEND
    allowed = answer.headers["access-control-allow-methods"]
    assert allowed == "DELETE, GET, HEAD, OPTIONS, PATCH, PUT"
    assert "If-Match" in answer.headers["access-control-allow-headers"].split(", ")
    assert answer.headers["access-control-max-age"] == "600"
    assert answer.headers["vary"] == (
        "Access-Control-Request-Method, Access-Control-Request-Headers, Origin"
    )
    assert events.seen == []


async def test_a_preflight_for_nothing_is_not_found(client: httpx.AsyncClient) -> None:
    answer = await client.options("/api/nothing", headers={"origin": FRONTEND, **ASKS})

    assert answer.status_code == 404


async def test_options_tell_what_a_path_takes(client: httpx.AsyncClient) -> None:
    answer = await client.options("/api/events")

    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")


async def test_every_answer_is_armoured(viewer: httpx.AsyncClient, events: Backend) -> None:
    events.answer = Response("{}", headers={"referrer-policy": "same-origin"})

    answer = await viewer.get("/api/events")

    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'")


async def test_a_page_without_a_policy_gets_one_without_scripts(
    client: httpx.AsyncClient, events: Backend
) -> None:
    events.answer = HTMLResponse("<p>Hello</p>")
    plain = await client.get("/e/party")
    events.answer = HTMLResponse("x", headers={"content-security-policy": "default-src 'self'"})
    own = await client.get("/e/party")

    assert "script-src" not in plain.headers["content-security-policy"]
    assert "style-src 'self' 'unsafe-inline'" in plain.headers["content-security-policy"]
    assert own.headers["content-security-policy"] == "default-src 'self'"


def test_a_frontend_is_allowed_by_default_in_dev_only() -> None:
    assert GatewaySettings(environment="dev").allowed_origins == {FRONTEND}
    assert GatewaySettings(environment="prod").allowed_origins == frozenset()
    assert GatewaySettings(environment="dev", cors_origins=()).allowed_origins == frozenset()


@pytest.mark.parametrize(
    "origin", ["*", "null", "http://a/", "http://A", "a.example", "http://a,b"]
)
def test_an_origin_is_exact(origin: str) -> None:
    with pytest.raises(ValidationError):
        GatewaySettings(cors_origins=(origin,))
