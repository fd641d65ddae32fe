"""A gateway and five services, all on real sockets."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import AsyncExitStack, suppress
from dataclasses import replace
from datetime import timedelta
from urllib.parse import urlsplit

import httpx
import pytest
from services.gateway.tests.backend import served

from stitch_common.clock import utc_now
from stitch_common.http.strict_limits import Limits
from stitch_common.testing.recording import JWKS, Backend, KeySet
from stitch_common.testing.tokens import Issuer
from stitch_common.testing.waiting import PATIENCE
from stitch_gateway.api import create_api
from stitch_gateway.observing.lines import AccessLog
from stitch_gateway.runtime import GatewayRuntime
from stitch_gateway.settings import GatewaySettings

QUIET = 0.1
LENGTH = re.compile(rb"content-length: (\d+)")
IMPATIENT = Limits(body_timeout=timedelta(seconds=1))
FRONTEND = "http://localhost:3000"


async def close(runtime: GatewayRuntime) -> None:
    """All but the bus, which was never started."""
    await runtime.http.aclose()
    for upstream in runtime.upstreams.values():
        await upstream.close()


@pytest.fixture(scope="session")
def all_backends() -> dict[str, Backend]:
    return {name: Backend() for name in GatewaySettings().upstream_urls}


@pytest.fixture(scope="session")
def access_log() -> list[str]:
    """What the gateway has written into its access log."""
    return []


@pytest.fixture(scope="session")
async def gateway_url(
    all_backends: dict[str, Backend], access_log: list[str]
) -> AsyncGenerator[str]:
    async with AsyncExitStack() as servers:
        urls = {}
        for name, backend in all_backends.items():
            app = KeySet(backend) if name == "auth" else backend
            urls[name] = await servers.enter_async_context(served(app))
        settings = GatewaySettings.model_validate(
            {
                "environment": "dev",
                "jwks_url": urls["auth"] + JWKS,
                **{f"{name}_url": url for name, url in urls.items()},
            }
        )
        runtime = replace(
            GatewayRuntime.of("gateway", settings, clock=utc_now),
            lines=AccessLog(access_log.append, within=0),
        )
        yield await servers.enter_async_context(served(create_api(runtime), IMPATIENT))
        await close(runtime)


@pytest.fixture
async def gateway_without_services() -> AsyncGenerator[httpx.AsyncClient]:
    """A gateway in front of nobody."""
    nobody = "http://127.0.0.1:9"
    urls = {f"{name}_url": nobody for name in GatewaySettings().upstream_urls}
    settings = GatewaySettings.model_validate({"jwks_url": nobody + JWKS, **urls})
    runtime = GatewayRuntime.of("gateway", settings, clock=utc_now)
    async with (
        served(create_api(runtime)) as url,
        httpx.AsyncClient(base_url=url, trust_env=False) as client,
    ):
        yield client
    await close(runtime)


@pytest.fixture
def backends(all_backends: dict[str, Backend]) -> Generator[dict[str, Backend]]:
    yield all_backends
    for backend in all_backends.values():
        backend.forget()


@pytest.fixture
def events(backends: dict[str, Backend]) -> Backend:
    return backends["events"]


@pytest.fixture
def issuer() -> Issuer:
    return Issuer(utc_now)


@pytest.fixture
async def client(
    gateway_url: str, backends: dict[str, Backend]
) -> AsyncGenerator[httpx.AsyncClient]:
    """Somebody without a credential."""
    async with httpx.AsyncClient(base_url=gateway_url, trust_env=False) as client:
        yield client


@pytest.fixture
async def viewer(client: httpx.AsyncClient, issuer: Issuer) -> httpx.AsyncClient:
    client.headers.update(issuer.headers())
    return client


Raw = Callable[[bytes], Awaitable[bytes]]


@pytest.fixture
def raw(gateway_url: str, backends: dict[str, Backend]) -> Raw:
    """Send these very bytes, and read until the connection is closed, or quiet after an answer."""

    async def exchange(request: bytes) -> bytes:
        address = urlsplit(gateway_url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        writer.write(request)
        ends_by_closing = b"connection: close" in request.lower()
        answer = bytearray()
        with suppress(TimeoutError):
            while part := await asyncio.wait_for(
                reader.read(65536),
                QUIET if _is_whole(answer) and not ends_by_closing else PATIENCE,
            ):
                answer += part
        writer.close()
        await writer.wait_closed()
        return bytes(answer)

    return exchange


def _is_whole(answer: bytearray) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    length = LENGTH.search(head)
    return length is not None and len(body) >= int(length[1])
