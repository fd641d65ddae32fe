"""Raw bytes on a socket, and a server that remembers what of them reached an application."""

import asyncio
import json
import re
from collections.abc import AsyncGenerator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from starlette.types import ASGIApp, Receive, Scope, Send

from stitch_common.http.strict_limits import Limits
from stitch_common.testing import serving
from stitch_common.testing.recording import Backend
from stitch_common.testing.waiting import PATIENCE

FIRM = Limits(body_timeout=timedelta(seconds=2))
"""What waits for more of a body is over soon; a busy machine has time for everything else."""
STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5][0-9][0-9]) ")


@dataclass
class Recorder(Backend):
    """Answers with the target that it was asked for."""

    fields: list[tuple[bytes, bytes]] = field(default_factory=list)
    """Of its answers, beside those that all have."""

    def __post_init__(self) -> None:
        self.answer = self._repeat

    async def _repeat(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        await answer(send, f"<{self.seen[-1].target}>".encode(), fields=self.fields)

    def forget(self) -> None:
        self.seen.clear()
        self.fields.clear()


async def answer(
    send: Send, body: bytes, *, status: int = 200, fields: Iterable[tuple[bytes, bytes]] = ()
) -> None:
    headers = [(b"content-length", b"%d" % len(body)), (b"content-type", b"text/plain"), *fields]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


@asynccontextmanager
async def served(app: ASGIApp, limits: Limits = FIRM) -> AsyncGenerator[int]:
    """Give the port of a server that runs this application and is not too patient."""
    async with serving.served(app, limits) as port:
        yield port


@asynccontextmanager
async def connected(
    port: int,
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        yield reader, writer
    finally:
        writer.transport.abort()


async def until_closed(reader: asyncio.StreamReader) -> bytes:
    """All that comes until the other side closes; that it closes is part of every promise."""
    received = bytearray()
    async with asyncio.timeout(PATIENCE):
        try:
            while part := await reader.read(65536):
                received += part
        except ConnectionResetError:
            pass
    return bytes(received)


async def exchange(port: int, *parts: bytes, pause: float = 0.0) -> bytes:
    """Send these very bytes and give all that was answered until the connection was closed."""
    async with connected(port) as (reader, writer):
        for part in parts:
            writer.write(part)
            await asyncio.sleep(pause)
        return await until_closed(reader)


def statuses(received: bytes) -> list[int]:
    """Of the final answers, in order."""
    return [int(found) for found in STATUS_LINE.findall(received) if int(found) >= 200]


def code(received: bytes) -> str:
    """Of the last answer, which must be a well-made problem that ends the connection."""
    *_, last = STATUS_LINE.finditer(received)
    head, _, body = received[last.start() :].partition(b"\r\n\r\n")
    _, *lines = head.decode().lower().split("\r\n")
    headers = dict(line.split(": ", 1) for line in lines)
    problem = json.loads(body)
    assert headers["content-type"] == "application/problem+json"
    assert headers["connection"] == "close"
    assert int(headers["content-length"]) == len(body)
    assert problem["request_id"] == headers["x-request-id"]
    return str(problem["code"])


def request(
    line: bytes = b"GET /here HTTP/1.1",
    *fields: bytes,
    host: Sequence[bytes] = (b"Host: localhost",),
    body: bytes = b"",
) -> bytes:
    return b"\r\n".join([line, *host, *fields, b"", body])
