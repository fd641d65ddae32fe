"""uvicorn as every process runs it: our signals, our logs, drained within a limit."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from uuid import uuid4

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from stitch_common.context import request_id
from stitch_common.http.middleware import HEADER as REQUEST_ID
from stitch_common.http.problems import problem


class Server(uvicorn.Server):
    """A uvicorn server that leaves signals to the process."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


class Protocol(HttpToolsProtocol):
    """uvicorn's protocol, which answers what it can't parse with a problem like any other."""

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the problem has its own words
        chosen = uuid4().hex
        before = request_id.set(chosen)
        answer = problem(
            400,
            code="malformed-request",
            detail="This is not a request that HTTP/1.1 allows.",
            instance="",
            headers={REQUEST_ID: chosen, "connection": "close"},
        )
        request_id.reset(before)
        fields = [name + b": " + value for name, value in answer.raw_headers]
        head = b"\r\n".join([b"HTTP/1.1 400 Bad Request", *fields, b"", b""])
        self.transport.write(head + bytes(answer.body))
        self.transport.close()


def create_server(app: ASGIApp, *, host: str, port: int, drain_timeout: timedelta) -> Server:
    return Server(
        uvicorn.Config(
            app,
            host=host,
            port=port,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            lifespan="off",
            loop="none",
            http=Protocol,
            ws="none",
            backlog=2048,
            timeout_keep_alive=75,
            h11_max_incomplete_event_size=None,
            timeout_graceful_shutdown=int(drain_timeout.total_seconds()),
        )
    )


async def serve(server: Server, stop: asyncio.Event) -> None:
    """Serve until `stop`, then finish what is in flight."""

    async def end() -> None:
        await stop.wait()
        server.should_exit = True

    ending = asyncio.create_task(end())
    try:
        await server.serve()
    finally:
        ending.cancel()
