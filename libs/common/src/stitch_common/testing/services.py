"""What a service's tests are wired with: a runtime on a test database, and a client."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import cache
from ssl import SSLContext
from typing import TypeVar

import httpx
from starlette.types import ASGIApp

from stitch_common.bus.connection import Bus
from stitch_common.clock import Clock
from stitch_common.database import Database
from stitch_common.runtime import StoredRuntime
from stitch_common.security.tokens import TokenVerifier
from stitch_common.settings import StoredServiceSettings
from stitch_common.testing.tokens import AUDIENCE, ISSUER, Issuer

T = TypeVar("T", bound=StoredServiceSettings)


@asynccontextmanager
async def runtime_for(
    service: str, settings: T, *, database: Database, clock: Clock, issuer: Issuer
) -> AsyncGenerator[StoredRuntime[T]]:
    """Give a runtime whose bus is not connected: facts wait in the outbox."""
    verifier = TokenVerifier(issuer, clock, issuer=ISSUER, audience=AUDIENCE)
    async with httpx.AsyncClient(trust_env=False, verify=_certificates()) as http:
        bus = Bus(settings.nats_url, service)
        yield StoredRuntime(service, settings, clock, bus, http, verifier, database)


@cache
def _certificates() -> SSLContext:
    """Read once a process: a client that does it for itself takes 17 ms."""
    return httpx.create_ssl_context(trust_env=False)


def client_of(app: ASGIApp) -> httpx.AsyncClient:
    """Give a client that calls the application without a socket."""
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://testserver")
