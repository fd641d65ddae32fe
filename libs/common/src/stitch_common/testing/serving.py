"""Applications on real sockets."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from starlette.types import ASGIApp

from stitch_common.http.server import create_server, serve
from stitch_common.http.strict_limits import Limits
from stitch_common.testing.waiting import until


@asynccontextmanager
async def served(app: ASGIApp, limits: Limits | None = None) -> AsyncGenerator[int]:
    """Give the port of a server that runs this application, as every process does."""
    server = create_server(
        app, host="127.0.0.1", port=0, drain_timeout=timedelta(seconds=2), limits=limits
    )
    stop = asyncio.Event()
    serving = asyncio.create_task(serve(server, stop))
    await until(lambda: server.started)
    try:
        yield server.servers[0].sockets[0].getsockname()[1]
    finally:
        stop.set()
        await serving
