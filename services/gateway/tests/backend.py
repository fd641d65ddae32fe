"""Applications at an address."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from starlette.types import ASGIApp

from stitch_common.http.strict_limits import Limits
from stitch_common.testing import serving


@asynccontextmanager
async def served(app: ASGIApp, limits: Limits | None = None) -> AsyncGenerator[str]:
    """Give the address of a server that runs this application."""
    async with serving.served(app, limits) as port:
        yield f"http://127.0.0.1:{port}"
