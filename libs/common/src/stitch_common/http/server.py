"""uvicorn as every process runs it: strict, with our signals and our logs, drained in time."""

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from datetime import timedelta

import uvicorn
from starlette.types import ASGIApp

from stitch_common.http.strict import StrictProtocol
from stitch_common.http.strict_limits import Limits
from stitch_common.http.strict_times import StrictConfig


class Server(uvicorn.Server):
    """A uvicorn server that leaves signals to the process."""

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield


def create_server(
    app: ASGIApp, *, host: str, port: int, drain_timeout: timedelta, limits: Limits | None = None
) -> Server:
    config = StrictConfig(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="off",
        loop="none",
        http=StrictProtocol,
        ws="none",
        timeout_graceful_shutdown=int(drain_timeout.total_seconds()),
    )
    config.limits = limits or Limits()
    return Server(config)


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
