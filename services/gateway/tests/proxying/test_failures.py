"""When a service, a client or the network does not do its part."""

import asyncio
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import httpx
import pytest
from starlette.responses import JSONResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from stitch_common.testing.recording import Backend
from stitch_common.testing.tokens import Issuer
from stitch_common.testing.waiting import PATIENCE, promised, until

MIB = 1024 * 1024


def expect_problem(answer: httpx.Response, status: int, code: str) -> None:
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["vary"] == "Origin"


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/api/events", MIB),
        ("/api/events/7/guests/import", 10 * MIB),
        ("/api/ai/generate-content", MIB // 4),
    ],
)
async def test_a_body_may_be_as_large_as_its_path_takes(
    viewer: httpx.AsyncClient, backends: dict[str, Backend], path: str, limit: int
) -> None:
    upstream = backends["ai" if "/ai/" in path else "events"]

    largest = await viewer.post(path, content=bytes(limit))
    larger = await viewer.post(path, content=bytes(limit + 1))

    assert largest.status_code == 200
    expect_problem(larger, 413, "body-too-large")
    assert [len(seen.body) for seen in upstream.seen] == [limit]


async def test_a_body_that_does_not_say_its_length_is_counted(
    viewer: httpx.AsyncClient, events: Backend
) -> None:
    sent = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(20):
            sent += 1
            yield bytes(MIB // 10)

    answer = await viewer.post("/api/events", content=body())

    expect_problem(answer, 413, "body-too-large")


async def test_a_body_that_stops_coming_is_given_up(
    gateway_url: str, events: Backend, issuer: Issuer
) -> None:
    address = urlsplit(gateway_url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    head = (
        "POST /api/events HTTP/1.1\r\nhost: x\r\ncontent-length: 9\r\n"
        f"authorization: {issuer.headers()['authorization']}\r\n\r\nabc"
    )
    writer.write(head.encode())

    async with asyncio.timeout(PATIENCE):
        answer = await reader.read()

    assert answer.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    writer.close()


async def test_a_service_that_is_away_is_unavailable_for_a_while(
    issuer: Issuer, gateway_without_services: httpx.AsyncClient
) -> None:
    answer = await gateway_without_services.get("/api/content/published")

    expect_problem(answer, 503, "service-unavailable")
    assert answer.headers["retry-after"] == "5"


async def test_an_answer_that_breaks_off_is_seen_to_break_off(
    viewer: httpx.AsyncClient, events: Backend
) -> None:
    async def half() -> AsyncIterator[bytes]:
        yield b"first half"
        raise ConnectionResetError

    events.answer = StreamingResponse(half())

    with pytest.raises(httpx.RemoteProtocolError):
        await viewer.get("/api/events")


async def test_a_client_that_leaves_ends_the_request_upstream(
    viewer: httpx.AsyncClient, events: Backend
) -> None:
    asked, left = asyncio.Event(), asyncio.Event()

    async def wait_for_ever(scope: Scope, receive: Receive, send: Send) -> None:
        asked.set()
        while (await receive())["type"] != "http.disconnect":
            continue
        left.set()

    events.answer = wait_for_ever
    asking = asyncio.create_task(viewer.get("/api/events"))
    await until(asked.is_set)

    async with promised(1):
        asking.cancel()
        await left.wait()


async def test_a_client_that_leaves_a_stream_ends_it_upstream(
    viewer: httpx.AsyncClient, events: Backend
) -> None:
    ended = asyncio.Event()

    async def for_ever() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"tick\n"
                await asyncio.sleep(0.01)
        finally:
            ended.set()

    events.answer = StreamingResponse(for_ever())

    async with viewer.stream("GET", "/api/events") as answer:
        await anext(answer.aiter_raw())

    async with promised(1):
        await ended.wait()


async def test_an_early_refusal_of_a_service_is_passed_on(
    viewer: httpx.AsyncClient, events: Backend
) -> None:
    events.reads_first, events.answer = False, JSONResponse({"code": "no"}, 409)

    answer = await viewer.post("/api/events", content=bytes(MIB))

    assert (answer.status_code, answer.json()) == (409, {"code": "no"})
