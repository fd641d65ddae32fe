"""What the server answers before any application is asked."""

import asyncio
import json
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from starlette.types import Receive, Scope, Send

from stitch_common.http.server import create_server, serve


async def never_asked(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError


@pytest.fixture
async def port() -> AsyncGenerator[int]:
    server = create_server(
        never_asked, host="127.0.0.1", port=0, drain_timeout=timedelta(seconds=1)
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

    head, _, body = (await asyncio.wait_for(reader.read(), 5)).partition(b"\r\n\r\n")
    writer.close()

    status, *lines = head.decode().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    assert status == "HTTP/1.1 400 Bad Request"
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert int(headers["content-length"]) == len(body)
    assert json.loads(body)["code"] == "malformed-request"
    assert json.loads(body)["request_id"] == headers["x-request-id"]
