"""A service as the gateway meets it: a real server that remembers what reached it."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from stitch_common.http.server import create_server, serve
from stitch_common.http.strict_limits import Limits


@dataclass(frozen=True, slots=True)
class Seen:
    """One request as it reached the service."""

    method: str
    target: str
    headers: list[tuple[str, str]]
    body: bytes

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key == name]


Answer = Callable[[Scope, Receive, Send], Awaitable[None]]


async def answer_ok(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({"ok": True})(scope, receive, send)


@dataclass
class Backend:
    """Answers as the test says, after it has read the whole request."""

    answer: Answer = answer_ok
    reads_first: bool = True
    seen: list[Seen] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = bytearray()
        while self.reads_first:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message.get("body", b"")
            if not message.get("more_body", False):
                break
        query = f"?{scope['query_string'].decode()}" if scope["query_string"] else ""
        headers = [(name.decode(), value.decode()) for name, value in scope["headers"]]
        target = scope["raw_path"].decode() + query
        self.seen.append(Seen(scope["method"], target, headers, bytes(body)))
        await self.answer(scope, receive, send)

    def forget(self) -> None:
        self.answer, self.reads_first = answer_ok, True
        self.seen.clear()


@asynccontextmanager
async def served(app: ASGIApp, limits: Limits | None = None) -> AsyncGenerator[str]:
    """Give the address of a server that runs this application."""
    server = create_server(
        app, host="127.0.0.1", port=0, drain_timeout=timedelta(seconds=2), limits=limits
    )
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(server, stop))
    while not server.started:  # noqa: ASYNC110 - uvicorn tells it by a flag only
        await asyncio.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        stop.set()
        await serving
