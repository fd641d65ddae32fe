import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from services.gateway.tests.backend import served
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from stitch_common.testing.clock import SettableClock
from stitch_common.testing.waiting import promised
from stitch_gateway.docs import service as reference_service
from stitch_gateway.docs.service import ReferenceService
from stitch_gateway.runtime import balanced
from stitch_gateway.settings import GatewaySettings


def describing(path: str) -> dict[str, Any]:
    operation = {"summary": "List", "responses": {"200": {"description": "OK"}}}
    return {"openapi": "3.1.0", "info": {}, "paths": {path: {"get": operation}}}


class Described:
    """A service whose description the test changes."""

    def __init__(self, answer: ASGIApp) -> None:
        self.answer = answer
        self.asked = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["path"] == "/openapi.json"
        self.asked += 1
        await self.answer(scope, receive, send)


async def silence(_scope: Scope, receive: Receive, _send: Send) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


@asynccontextmanager
async def referring_to(
    clock: SettableClock, services: Mapping[str, Described]
) -> AsyncGenerator[ReferenceService]:
    async with AsyncExitStack() as stack:
        upstreams = {}
        for name, app in services.items():
            url = await stack.enter_async_context(served(app))
            upstreams[name] = balanced(name, [url], GatewaySettings())
            stack.push_async_callback(upstreams[name].close)
        yield ReferenceService(upstreams, clock, public_url="http://localhost:8000")


async def test_it_is_fetched_once_and_kept_for_a_minute(clock: SettableClock) -> None:
    events = Described(JSONResponse(describing("/api/events")))
    async with referring_to(clock, {"events": events}) as references:
        first, second = await asyncio.gather(references.get(), references.get())
        clock.advance(timedelta(seconds=59))
        third = await references.get()
        asked = events.asked
        clock.advance(timedelta(seconds=2))
        await references.get()

        assert first is second is third
        assert (asked, events.asked) == (1, 2)
        assert json.loads(first.body) == first.document


async def test_its_etag_changes_when_it_does(clock: SettableClock) -> None:
    events = Described(JSONResponse(describing("/api/events")))
    async with referring_to(clock, {"events": events}) as references:
        first = await references.get()
        clock.advance(timedelta(minutes=2))
        same = await references.get()
        events.answer = JSONResponse(describing("/api/events/all-rsvps"))
        clock.advance(timedelta(minutes=2))
        other = await references.get()

        assert first.etag == same.etag != other.etag


@pytest.mark.parametrize(
    "answer",
    [
        silence,
        Response(status_code=500),
        Response("not JSON"),
        JSONResponse([]),
        JSONResponse({"paths": 7}),
        Response(status_code=302, headers={"location": "/elsewhere"}),
    ],
)
async def test_a_service_that_does_not_describe_itself_is_left_out_and_said_so(
    clock: SettableClock, answer: ASGIApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reference_service, "PATIENCE", 1.0)
    ai = Described(answer)
    events = Described(JSONResponse(describing("/api/events")))
    async with referring_to(clock, {"ai": ai, "events": events}) as references:
        async with promised(5):
            reference = await references.get()

        assert reference.missing == ("ai",)
        assert list(reference.document["paths"]) == ["/api/events"]
        assert "left out: ai." in reference.document["info"]["description"]


async def test_a_service_that_comes_back_is_there_again_soon(clock: SettableClock) -> None:
    ai = Described(Response(status_code=500))
    async with referring_to(clock, {"ai": ai}) as references:
        await references.get()
        ai.answer = JSONResponse(describing("/api/ai/models"))
        clock.advance(timedelta(seconds=4))
        reference = await references.get()

        assert reference.missing == ()
        assert "/api/ai/models" in reference.document["paths"]
