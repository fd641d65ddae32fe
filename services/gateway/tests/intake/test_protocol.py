"""What the server answers before any application is asked."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from starlette.types import Receive, Scope, Send

from stitch_common.http.server import create_server, serve
from stitch_gateway.intake import protocol


async def application(scope: Scope, receive: Receive, send: Send) -> None:
    assert scope["path"] == "/slow", "nothing else here is a whole request"
    await asyncio.sleep(0.3)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


@pytest.fixture
async def port() -> AsyncGenerator[int]:
    server = create_server(
        application,
        host="127.0.0.1",
        port=0,
        drain_timeout=timedelta(seconds=1),
        protocol=protocol.Protocol,
    )
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(server, stop))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    stop.set()
    await serving


@pytest.mark.parametrize(
    "sent",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x01b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
    ],
)
async def test_bytes_that_are_no_request_get_a_problem(port: int, sent: bytes) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(sent)

    assert await refusal(reader) == ("HTTP/1.1 400 Bad Request", "malformed-request")
    writer.close()


async def test_a_head_without_end_is_refused_before_it_is_kept(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
    await asyncio.sleep(0.05)

    # Not one byte more than is needed: bytes that are never read would reset the connection.
    writer.write(b"a" * (protocol.MAX_HEAD + 1))

    status, code = await refusal(reader)
    assert (status.split()[1], code) == ("431", "head-too-large")
    writer.close()


async def test_a_head_that_takes_its_time_is_given_up(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_WITHIN", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nX")

    assert await refusal(reader) == ("HTTP/1.1 408 Request Timeout", "slow-head")
    writer.close()


async def test_a_connection_that_says_nothing_is_closed(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_WITHIN", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)

    assert await asyncio.wait_for(reader.read(), 5) == b""
    writer.close()


async def test_an_answer_may_take_longer_than_a_head(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_WITHIN", 0.1)
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET /slow HTTP/1.1\r\nHost: a\r\n\r\nGET /half HTTP/1.1\r\nX")

    answer = await asyncio.wait_for(reader.read(), 5)

    assert answer.startswith(b"HTTP/1.1 204")
    assert b"HTTP/1.1 408" in answer
    writer.close()


async def refusal(reader: asyncio.StreamReader) -> tuple[str, str]:
    """The status line and the code of a well-made problem that ends the connection."""
    head, _, body = (await asyncio.wait_for(reader.read(), 5)).partition(b"\r\n\r\n")
    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert int(headers["content-length"]) == len(body)
    assert json.loads(body)["request_id"] == headers["x-request-id"]
    return status, json.loads(body)["code"]
