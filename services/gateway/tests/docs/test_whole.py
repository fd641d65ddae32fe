"""The document that is served, made of what the services really say of themselves (S76)."""

import json
from collections import Counter
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from services.gateway.tests.backend import served
from starlette.responses import JSONResponse
from starlette.types import Receive, Scope, Send

from stitch_common.testing.clock import SettableClock
from stitch_common.testing.waiting import promised
from stitch_gateway.docs.merging import references
from stitch_gateway.docs.service import PATIENCE, Reference, ReferenceService
from stitch_gateway.routing.table import HERE, ROUTES
from stitch_gateway.runtime import balanced
from stitch_gateway.settings import GatewaySettings

SAID = Path(__file__).parents[4] / "docs" / "openapi"
SERVICES = ("auth", "content", "events", "notifications", "ai")


async def silence(_scope: Scope, receive: Receive, _send: Send) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue


@asynccontextmanager
async def reference(clock: SettableClock, *, dead: str | None = None) -> AsyncGenerator[Reference]:
    async with AsyncExitStack() as stack:
        upstreams = {}
        for name in SERVICES:
            said = JSONResponse(json.loads((SAID / f"{name}.json").read_text()))
            url = await stack.enter_async_context(served(silence if name == dead else said))
            upstreams[name] = balanced(name, [url], GatewaySettings())
            stack.push_async_callback(upstreams[name].close)
        service = ReferenceService(upstreams, clock, public_url="http://localhost:8000")
        yield await service.get()


def operations(document: dict[str, Any]) -> list[tuple[str, str, dict[str, Any]]]:
    return [
        (method, path, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    ]


async def test_it_is_valid_whole_and_without_collisions(clock: SettableClock) -> None:
    """S76."""
    async with reference(clock) as found:
        document = found.document

    schemathesis.openapi.from_dict(document).validate()
    names = Counter(operation["operationId"] for _, _, operation in operations(document))
    components = document["components"]
    assert document["openapi"].startswith("3.1")
    assert found.missing == ()
    assert {name: times for name, times in names.items() if times > 1} == {}
    found_references = list(references(document))
    assert len(found_references) > 100
    assert all(name in components[section] for section, name in found_references)


async def test_it_holds_no_path_that_the_gateway_does_not_route(clock: SettableClock) -> None:
    """S76: nothing internal, and nothing of the services' own ports."""
    routed = {
        (method.lower(), route.path)
        for route in ROUTES
        if route.upstream != HERE
        for method in route.methods
    }
    async with reference(clock) as found:
        described = {(method, shape(path)) for method, path, _ in operations(found.document)}

    assert described - {(method, shape(path)) for method, path in routed} == set()
    assert len(described) > 100


@pytest.mark.parametrize("dead", SERVICES)
async def test_one_dead_service_costs_its_own_part_only(clock: SettableClock, dead: str) -> None:
    """S76: all are asked at once, so one that is silent costs its patience and no more."""
    async with promised(5 * PATIENCE), reference(clock, dead=dead) as found:
        pass

    tags = {part.split(".")[0] for part in found.document["components"]["schemas"]}
    schemathesis.openapi.from_dict(found.document).validate()
    assert found.missing == (dead,)
    assert tags & set(SERVICES) == set(SERVICES) - {dead}
    assert PATIENCE < 2


def shape(path: str) -> str:
    """Names of variables are nobody's business."""
    return "/".join("{}" if part.startswith("{") else part for part in path.split("/"))
