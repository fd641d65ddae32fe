"""What reaches a service, and what comes back."""

import asyncio
import re
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from stitch_common.security.principals import Role
from stitch_common.testing.recording import Backend
from stitch_common.testing.tokens import Issuer
from stitch_common.testing.waiting import PATIENCE
from stitch_gateway.intake.body import AHEAD

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


async def test_a_request_reaches_its_service_as_it_was_sent(
    viewer: httpx.AsyncClient, events: Backend
) -> None:
    target = "/api/events/7/publish?notify=false&x=%C3%BC"
    answer = await viewer.post(target, content=b"\x00\xff{}", headers={"prefer": "x"})

    assert answer.json() == {"ok": True}
    [seen] = events.seen
    assert (seen.method, seen.target, seen.body) == ("POST", target, b"\x00\xff{}")
    assert seen.values("prefer") == ["x"]
    assert seen.values("authorization") == [viewer.headers["authorization"]]


async def test_a_trailing_slash_makes_no_difference(
    viewer: httpx.AsyncClient, events: Backend
) -> None:
    answer = await viewer.get("/api/events/?limit=2")

    assert answer.status_code == 200
    assert events.seen[0].target == "/api/events?limit=2"


async def test_the_service_is_told_who_asks_by_the_gateway_only(
    viewer: httpx.AsyncClient, events: Backend, gateway_url: str
) -> None:
    await viewer.get(
        "/api/events",
        headers={
            "X-User-Id": "1",
            "x-user-role": "admin",
            "X-Forwarded-For": "6.6.6.6",
            "X-Forwarded-Host": "evil.example",
            "X-Forwarded-Proto": "gopher",
            "Forwarded": "for=6.6.6.6",
            "X-Real-IP": "6.6.6.6",
            "Host": "evil.example",
        },
    )

    [seen] = events.seen
    told = {name: value for name, value in seen.headers if "forwarded" in name or "user" in name}
    assert told.pop("user-agent").startswith("python-httpx")
    assert told == {
        "x-forwarded-for": "127.0.0.1",
        "x-forwarded-host": "localhost:8000",
        "x-forwarded-proto": "http",
    }
    assert seen.values("x-real-ip") == []
    assert re.fullmatch(r"127\.0\.0\.1:\d+", seen.values("host")[0])


async def test_refresh_cookies_reach_auth_and_nobody_else(
    viewer: httpx.AsyncClient, backends: dict[str, Backend]
) -> None:
    cookie = {"cookie": "__Host-stitch-refresh=secret; theme=dark"}
    await viewer.post("/api/auth/refresh", headers=cookie)
    await viewer.get("/api/events", headers=cookie)

    assert backends["auth"].seen[0].values("cookie") == [cookie["cookie"]]
    assert backends["events"].seen[0].values("cookie") == ["theme=dark"]


async def test_one_request_id_goes_all_the_way(viewer: httpx.AsyncClient, events: Backend) -> None:
    answer = await viewer.get("/api/events", headers={"X-Request-ID": "mine-1"})

    assert answer.headers["x-request-id"] == "mine-1"
    assert events.seen[0].values("x-request-id") == ["mine-1"]


async def test_a_request_id_that_could_forge_a_log_line_is_replaced(
    viewer: httpx.AsyncClient, events: Backend
) -> None:
    answer = await viewer.get("/api/events", headers={"X-Request-ID": "a b{}"})

    [forwarded] = events.seen[0].values("x-request-id")
    assert re.fullmatch("[0-9a-f]{32}", forwarded)
    assert answer.headers["x-request-id"] == forwarded


async def test_a_valid_trace_is_continued_with_a_span_of_our_own(
    viewer: httpx.AsyncClient, events: Backend
) -> None:
    await viewer.get("/api/events", headers={"traceparent": PARENT, "tracestate": "a=b"})

    [traceparent] = events.seen[0].values("traceparent")
    assert traceparent.split("-")[1] == PARENT.split("-")[1]
    assert traceparent.split("-")[2] != PARENT.split("-")[2]
    assert events.seen[0].values("tracestate") == ["a=b"]


@pytest.mark.parametrize(
    "given", ["", "00-" + "0" * 32 + "-" + "0" * 16 + "-01", "ff-x", PARENT[:-1]]
)
async def test_an_invalid_trace_is_replaced(
    viewer: httpx.AsyncClient, events: Backend, given: str
) -> None:
    await viewer.get("/api/events", headers={"traceparent": given, "tracestate": "a=b"})

    [traceparent] = events.seen[0].values("traceparent")
    assert re.fullmatch("00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", traceparent)
    assert events.seen[0].values("tracestate") == []


async def test_the_old_path_of_invitations_leads_to_the_new_one(
    client: httpx.AsyncClient, backends: dict[str, Backend], issuer: Issuer
) -> None:
    answer = await client.post(
        "/api/events/7/send-invitations?dry_run=true",
        json={"recipient_emails": ["ada@example.com"]},
        headers=issuer.headers(Role.EDITOR),
    )

    [seen] = backends["notifications"].seen
    assert seen.target == "/api/notifications/7/send-invitations?dry_run=true"
    assert answer.headers["deprecation"] == "@1767225600"
    successor = '</api/notifications/7/send-invitations>; rel="successor-version"'
    assert answer.headers["link"] == successor
    assert backends["events"].seen == []


async def test_an_answer_comes_back_without_what_is_between_us(
    viewer: httpx.AsyncClient, events: Backend
) -> None:
    headers = {
        "connection": "x-secret-hop",
        "x-secret-hop": "1",
        "keep-alive": "timeout=5",
        "server": "internal/1.2",
        "x-powered-by": "secrets",
        "x-internal-shard": "3",
        "access-control-allow-origin": "*",
        "etag": '"v3"',
        "location": "/api/events/7",
    }
    events.answer = JSONResponse({"id": 7}, 201, headers)

    answer = await viewer.post("/api/events", json={})

    assert answer.status_code == 201
    assert answer.json() == {"id": 7}
    assert (answer.headers["etag"], answer.headers["location"]) == ('"v3"', "/api/events/7")
    gone = headers.keys() - {"etag", "location"}
    assert not gone & answer.headers.keys()
    assert len(answer.headers.get_list("date")) == 1


async def test_cookies_of_an_answer_stay_apart(
    client: httpx.AsyncClient, backends: dict[str, Backend]
) -> None:
    answered = Response("{}")
    answered.set_cookie("a", "1")
    answered.set_cookie("b", "2")
    backends["auth"].answer = answered

    answer = await client.post("/api/auth/token")

    assert [cookie.split("=")[0] for cookie in answer.headers.get_list("set-cookie")] == ["a", "b"]


async def test_an_answer_for_one_person_is_not_for_shared_caches(
    viewer: httpx.AsyncClient, backends: dict[str, Backend]
) -> None:
    backends["content"].answer = Response("{}", headers={"cache-control": "public, max-age=60"})

    private = await viewer.get("/api/events")
    public = await viewer.get("/api/content/published")

    assert private.headers["cache-control"] == "private, no-cache"
    assert public.headers["cache-control"] == "public, max-age=60"


async def test_an_answer_streams_through_as_it_is_made(
    viewer: httpx.AsyncClient, backends: dict[str, Backend]
) -> None:
    go_on = asyncio.Event()

    async def make() -> AsyncIterator[bytes]:
        yield b"event: delta\n\n"
        await go_on.wait()
        yield b"event: done\n\n"

    backends["ai"].answer = StreamingResponse(make(), media_type="text/event-stream")

    async with (
        asyncio.timeout(PATIENCE),
        viewer.stream("POST", "/api/ai/generate-content", json={}) as answer,
    ):
        parts = answer.aiter_raw()
        first = await anext(parts)
        go_on.set()
        last = await anext(parts)

    assert (first, last) == (b"event: delta\n\n", b"event: done\n\n")


async def test_a_long_body_streams_through_as_it_is_sent(
    viewer: httpx.AsyncClient, events: Backend
) -> None:
    arrived = asyncio.Event()

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        stream = Request(scope, receive).stream()
        first = await anext(stream)
        arrived.set()
        rest = [chunk async for chunk in stream]
        await JSONResponse({"size": len(first) + len(b"".join(rest))})(scope, receive, send)

    async def body() -> AsyncIterator[bytes]:
        yield b"a" * AHEAD
        await arrived.wait()
        yield b"def"

    events.reads_first, events.answer = False, answer

    async with asyncio.timeout(PATIENCE):
        answered = await viewer.post("/api/events", content=body())

    assert answered.json() == {"size": AHEAD + 3}


async def test_head_gets_the_length_and_no_body(viewer: httpx.AsyncClient) -> None:
    answer = await viewer.head("/api/events")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-length"] == "11"


async def test_not_modified_has_no_body(viewer: httpx.AsyncClient, events: Backend) -> None:
    events.answer = Response(status_code=304, headers={"etag": '"v3"'})

    answer = await viewer.get("/api/events/7", headers={"if-none-match": '"v3"'})

    assert (answer.status_code, answer.content) == (304, b"")
    assert events.seen[0].values("if-none-match") == ['"v3"']
