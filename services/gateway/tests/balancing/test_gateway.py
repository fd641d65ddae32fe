"""What clients see of services in trouble, through the whole gateway."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta

import httpx
import pytest
from services.gateway.tests.backend import served
from services.gateway.tests.balancing.replicas import BREAK_OFF, OK, OUTAGE, Replica
from services.gateway.tests.conftest import close

from stitch_common.clock import utc_now
from stitch_common.testing.recording import JWKS, Backend, KeySet
from stitch_common.testing.tokens import Issuer
from stitch_gateway.api import create_api
from stitch_gateway.routing.rules import RouteTable
from stitch_gateway.routing.table import ROUTES
from stitch_gateway.runtime import GatewayRuntime
from stitch_gateway.settings import GatewaySettings

PUBLISH = "/api/events/7/publish"


@dataclass(frozen=True, slots=True)
class House:
    """Events at two addresses, content at one, and a client of the gateway in front of them."""

    events: list[Replica]
    content: Backend
    client: httpx.AsyncClient

    @property
    def reached(self) -> list[bytes]:
        return [method for replica in self.events for method in replica.asked]


@asynccontextmanager
async def house_of(number: int, routes: RouteTable | None = None) -> AsyncGenerator[House]:
    async with AsyncExitStack() as stack:
        content = Backend()
        urls = {"content_url": await stack.enter_async_context(served(content))}
        auth = await stack.enter_async_context(served(KeySet(Backend())))
        events, port = [Replica(f"127.0.0.{last}") for last in range(21, 21 + number)], 0
        for replica in events:
            port = await replica.start(port)
            stack.push_async_callback(replica.stop)
        urls["events_url"] = ",".join(f"http://{each.address}:{port}" for each in events)
        settings = GatewaySettings.model_validate({"jwks_url": auth + JWKS, **urls})
        runtime = GatewayRuntime.of("gateway", settings, clock=utc_now)
        stack.push_async_callback(close, runtime)
        gateway = create_api(runtime)
        if routes is not None:
            gateway._table = routes
        client = httpx.AsyncClient(
            base_url=await stack.enter_async_context(served(gateway)),
            headers=Issuer(utc_now).headers(),
            trust_env=False,
        )
        yield House(events, content, await stack.enter_async_context(client))


async def test_a_service_that_fails_is_refused_at_once_and_no_other() -> None:
    """S69: a problem with Retry-After, while content is served as ever."""
    async with house_of(1) as house:
        house.events[0].answer = BREAK_OFF
        broken = [(await house.client.post(PUBLISH)).status_code for _ in range(5)]
        resting = await house.client.post(PUBLISH)
        other = await house.client.get("/api/content")

        problem = resting.json()
        assert broken == [502] * 5
        assert (resting.status_code, problem["code"]) == (503, "service-resting")
        assert resting.headers["content-type"] == "application/problem+json"
        assert int(resting.headers["retry-after"]) >= 1
        assert len(house.reached) == 5
        assert other.status_code == 200


async def test_a_service_that_is_well_again_is_served_again() -> None:
    """S69: after its rest, by a probe."""
    async with house_of(1) as house:
        house.events[0].answer = BREAK_OFF
        for _ in range(5):
            await house.client.post(PUBLISH)
        house.events[0].answer = OK
        statuses: list[int] = []
        while statuses[-1:] != [200] and len(statuses) < 100:
            answer = await house.client.post(PUBLISH)
            statuses.append(answer.status_code)
            if answer.status_code == 503:
                await asyncio.sleep(float(answer.headers["retry-after"]))

        assert statuses[-1] == 200
        assert set(statuses[:-1]) <= {503}


@pytest.mark.parametrize(
    ("answer", "delay", "status"), [(BREAK_OFF, 0, 502), (OUTAGE, 0, 503), (OK, 20, 504)]
)
async def test_a_post_is_sent_once_to_one_address(answer: bytes, delay: float, status: int) -> None:
    """S68: after a reset, a bare refusal and a timeout, with another address at hand."""
    impatient = RouteTable(replace(each, answers_within=timedelta(seconds=2)) for each in ROUTES)
    async with house_of(2, impatient) as house:
        for replica in house.events:
            replica.answer, replica.delay = answer, delay

        found = await house.client.post(PUBLISH, json={})

        assert found.status_code == status
        assert house.reached == [b"POST"]


async def test_a_post_meets_a_dead_address_and_is_sent_once_to_the_other() -> None:
    """S68: a connection that never came about has sent nothing."""
    async with house_of(2) as house:
        await house.events[0].stop()

        statuses = [(await house.client.post(PUBLISH)).status_code for _ in range(10)]

        assert statuses == [200] * 10
        assert house.reached == [b"POST"] * 10


async def test_a_get_that_broke_off_is_answered_by_the_other_address() -> None:
    """S68: within the budget of second tries."""
    async with house_of(2) as house:
        house.events[0].answer = BREAK_OFF

        statuses = [(await house.client.get("/api/events")).status_code for _ in range(12)]

        assert statuses == [200] * 12
        assert len(house.reached) > 12
