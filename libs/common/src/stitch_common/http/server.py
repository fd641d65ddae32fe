"""uvicorn as every process runs it: our signals, our logs, drained within a limit."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta
from typing import Literal

import uvicorn
from starlette.types import ASGIApp

Protocol = type[asyncio.Protocol] | Literal["httptools"]


class Server(uvicorn.Server):
    """A uvicorn server that leaves signals to the process."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def create_server(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    drain_timeout: timedelta,
    protocol: Protocol = "httptools",
) -> Server:
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
            http=protocol,
            ws="none",
            timeout_keep_alive=75,
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
