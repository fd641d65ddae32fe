"""A service over httpx's transport: the plain implementation, and the yardstick of the pool."""

from collections.abc import AsyncGenerator, AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

import httpx

from stitch_gateway.intake.head import Fields
from stitch_gateway.proxying.errors import (
    ConnectTimeoutError,
    UpstreamBrokenError,
    UpstreamBusyError,
    UpstreamTimeoutError,
    UpstreamUnreachableError,
)
from stitch_gateway.proxying.upstream import UpstreamAnswer, UpstreamRequest

KEPT_IDLE = 30.0
"""Seconds; services keep idle connections longer, so that we are the one who closes them."""
QUEUE_PATIENCE = 2.0


class HTTPXUpstream:
    """One service."""

    def __init__(self, url: str, *, connections: int, connect_timeout: timedelta) -> None:
        self._url = httpx.URL(url)
        self._host = self._url.netloc
        self._connect_timeout = connect_timeout.total_seconds()
        self._transport = httpx.AsyncHTTPTransport(
            verify=self._url.scheme == "https",
            trust_env=False,
            limits=httpx.Limits(
                max_connections=connections,
                max_keepalive_connections=connections,
                keepalive_expiry=KEPT_IDLE,
            ),
        )

    @asynccontextmanager
    async def exchange(self, request: UpstreamRequest) -> AsyncGenerator[UpstreamAnswer]:
        with _named_errors():
            response = await self._transport.handle_async_request(self._prepare(request))
        try:
            yield _Answer(response)
        finally:
            await response.aclose()

    async def close(self) -> None:
        await self._transport.aclose()

    def _prepare(self, request: UpstreamRequest) -> httpx.Request:
        fields: Fields = [(b"host", self._host), *request.fields]
        if request.length is not None:
            fields.append((b"content-length", b"%d" % request.length))
        timeout = {
            "connect": self._connect_timeout,
            "pool": QUEUE_PATIENCE,
            "read": request.patience,
            "write": request.patience,
        }
        return httpx.Request(
            request.method,
            self._url.copy_with(raw_path=request.target),
            headers=fields,
            content=request.body,
            extensions={"timeout": timeout, "target": request.target},
        )


@dataclass(frozen=True, slots=True)
class _Answer:
    response: httpx.Response

    @property
    def status(self) -> int:
        return self.response.status_code

    @property
    def fields(self) -> Fields:
        return [(name.lower(), value) for name, value in self.response.headers.raw]

    def whole(self) -> bytes | None:
        return None

    async def chunks(self) -> AsyncIterator[bytes]:
        stream = cast("httpx.AsyncByteStream", self.response.stream)
        with _named_errors():
            async for chunk in stream:
                yield chunk


@contextmanager
def _named_errors() -> Generator[None]:
    try:
        yield
    except httpx.ConnectError as error:
        raise UpstreamUnreachableError from error
    except httpx.PoolTimeout as error:
        raise UpstreamBusyError from error
    except httpx.ConnectTimeout as error:
        raise ConnectTimeoutError from error
    except httpx.TimeoutException as error:
        raise UpstreamTimeoutError from error
    except httpx.TransportError as error:
        raise UpstreamBrokenError from error
