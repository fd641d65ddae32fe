"""A service as the gateway meets it: a real server that remembers what reached it."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from stitch_common.http.strict_limits import Limits
from stitch_common.testing import serving


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
    async with serving.served(app, limits) as port:
        yield f"http://127.0.0.1:{port}"
