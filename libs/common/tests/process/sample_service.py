"""A service without a schema, run by test_process.py as a process of its own."""

import asyncio
from collections.abc import AsyncIterator

from opentelemetry import trace
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route
from starlette.types import ASGIApp

from stitch_common.process import Service, Worker, main
from stitch_common.runtime import Runtime
from stitch_common.settings import ServiceSettings


async def slow(_request: Request) -> Response:
    """Say that it has begun, and two seconds later that it is done."""

    async def parts() -> AsyncIterator[str]:
        yield "begun "
        await asyncio.sleep(2)
        yield "done"

    return StreamingResponse(parts())


async def traced(_request: Request) -> Response:
    with trace.get_tracer("sample").start_as_current_span("work"):
        return PlainTextResponse("done")


class Ticker:
    """A component that says when it began and ended."""

    name = "ticker"

    async def run(self, stop: asyncio.Event) -> None:
        await stop.wait()
        print("ticker ended", flush=True)  # noqa: T201 - the test reads it

    async def ready(self) -> str | None:
        return None


def create_api(_runtime: Runtime[ServiceSettings]) -> ASGIApp:
    return Starlette(routes=[Route("/slow", slow), Route("/traced", traced)])


def create_worker(_runtime: Runtime[ServiceSettings]) -> Worker:
    return Worker(components=[Ticker()])


SERVICE = Service("sample", ServiceSettings, Runtime.of, create_api, create_worker)

if __name__ == "__main__":
    main(SERVICE)
