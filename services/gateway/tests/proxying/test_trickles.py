"""Who sends a body slowly waits at the gateway, and takes no connection to a service (S66)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from urllib.parse import urlsplit

import httpx
import pytest
from services.gateway.tests.backend import served
from services.gateway.tests.conftest import close

from stitch_common.clock import utc_now
from stitch_common.testing.recording import JWKS, Backend, KeySet
from stitch_common.testing.tokens import Issuer
from stitch_gateway.api import create_api
from stitch_gateway.runtime import GatewayRuntime
from stitch_gateway.settings import GatewaySettings

HEAD = (
    b"POST /api/events/7/rsvps HTTP/1.1\r\nHost: localhost:8000\r\nConnection: close\r\n"
    b"Content-Type: application/json\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n"
)
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


@pytest.fixture
async def gateway(backends: dict[str, Backend]) -> AsyncGenerator[str]:
    """With one connection to each service."""
    async with AsyncExitStack() as stack:
        auth = await stack.enter_async_context(served(KeySet(backends["auth"])))
        events = await stack.enter_async_context(served(backends["events"]))
        settings = GatewaySettings.model_validate(
            {"jwks_url": auth + JWKS, "events_url": events, "upstream_connections": 1}
        )
        runtime = GatewayRuntime.of("gateway", settings, clock=utc_now)
        stack.push_async_callback(close, runtime)
        yield await stack.enter_async_context(served(create_api(runtime)))


async def test_who_sends_slowly_keeps_nobody_from_a_service(gateway: str, events: Backend) -> None:
    address = urlsplit(gateway)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write(HEAD)
    asked = await reader.readexactly(len(CONTINUE))
    writer.write(b"{")

    async with httpx.AsyncClient(base_url=gateway, trust_env=False) as client:
        other = await client.get("/api/events", headers=Issuer(utc_now).headers())
    writer.write(b"}")
    answer = await reader.read()
    writer.close()

    assert (asked, other.status_code) == (CONTINUE, 200)
    assert answer.startswith(b"HTTP/1.1 200")
    assert [(seen.method, seen.body) for seen in events.seen] == [("GET", b""), ("POST", b"{}")]
