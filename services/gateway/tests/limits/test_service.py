"""Limits as clients meet them, on one gateway and on two (S44, S71)."""

import asyncio
import re
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from services.gateway.tests.backend import served
from services.gateway.tests.conftest import FRONTEND, close
from starlette.responses import JSONResponse

from stitch_common.clock import utc_now
from stitch_common.testing.broker import OwnBroker
from stitch_common.testing.recording import JWKS, Backend, KeySet
from stitch_common.testing.tokens import Issuer
from stitch_common.testing.traffic import clean_bus
from stitch_common.testing.waiting import promised
from stitch_gateway.api import create_api
from stitch_gateway.runtime import GatewayRuntime
from stitch_gateway.settings import GatewaySettings

NOBODY = "nats://127.0.0.1:9"
TOKEN = "/api/auth/token"
CONTENT = "/api/content"
STANDING = re.compile(r'"(?P<name>[a-z-]+)";r=(?P<left>\d+);t=(?P<seconds>\d+)')

Open = Callable[..., Awaitable[httpx.AsyncClient]]


@pytest.fixture
async def backend() -> Backend:
    return Backend()


@pytest.fixture
async def open_gateway(backend: Backend) -> AsyncGenerator[Open]:
    """Starts gateways in front of one service that stands for all."""
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(served(KeySet(backend)))
        names = ("auth", "content", "events", "notifications", "ai")

        async def start(nats_url: str = NOBODY, **changes: Any) -> httpx.AsyncClient:
            values = {f"{name}_url": service for name in names} | changes
            settings = GatewaySettings.model_validate(
                {"jwks_url": service + JWKS, "nats_url": nats_url, **values}
            )
            runtime = GatewayRuntime.of("gateway", settings, clock=utc_now)
            if nats_url != NOBODY:
                await runtime.bus.connect()
            url = await stack.enter_async_context(served(create_api(runtime)))
            stack.push_async_callback(_close, runtime)
            client = httpx.AsyncClient(base_url=url, trust_env=False)
            return await stack.enter_async_context(client)

        yield start


async def _close(runtime: GatewayRuntime) -> None:
    if runtime.bus.epoch:
        await runtime.close()
        return
    await close(runtime)


@pytest.fixture
async def shared_nats(nats_url: str, patient_counters: None) -> AsyncGenerator[str]:
    async with clean_bus(nats_url):
        yield nats_url


def statuses(answers: list[httpx.Response]) -> list[int]:
    return [answer.status_code for answer in answers]


async def several(
    number: int, client: httpx.AsyncClient, path: str = CONTENT + "/published", **how: Any
) -> list[httpx.Response]:
    return [await client.get(path, **how) for _ in range(number)]


async def test_two_gateways_hold_a_shared_limit_together_under_parallel_load(
    open_gateway: Open, shared_nats: str, backend: Backend
) -> None:
    """S71: within 5 %; in fact no more and no less."""
    limits = {"log-in": "40/60"}
    gateways = [await open_gateway(shared_nats, limits=limits) for _ in range(2)]

    answers = await asyncio.gather(*(gateways[n % 2].post(TOKEN) for n in range(160)))

    assert statuses(answers).count(200) == 40
    assert statuses(answers).count(429) == 120
    assert len(backend.seen) == 40


async def test_what_is_not_shared_each_gateway_counts_for_itself(
    open_gateway: Open, shared_nats: str
) -> None:
    gateways = [await open_gateway(shared_nats, limits={"read": "3/60"}) for _ in range(2)]

    for gateway in gateways:
        assert statuses(await several(5, gateway)) == [200] * 3 + [429] * 2


async def test_a_refusal_is_the_registered_problem_and_its_fields_agree(
    open_gateway: Open, shared_nats: str
) -> None:
    """S71: parseable, and Retry-After is not before the quota is back."""
    gateway = await open_gateway(shared_nats, limits={"log-in": "1/60"}, environment="dev")
    await gateway.post(TOKEN)

    refused = await gateway.post(TOKEN, headers={"origin": FRONTEND})

    told = STANDING.fullmatch(refused.headers["ratelimit"])
    assert refused.status_code == 429
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert problem["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    assert problem["violated-policies"] == ["log-in"]
    assert problem["request_id"] == refused.headers["x-request-id"]
    assert refused.headers["ratelimit-policy"] == '"log-in";q=1;w=60'
    assert told
    assert (told["name"], told["left"]) == ("log-in", "0")
    assert int(refused.headers["retry-after"]) >= int(told["seconds"]) > 50
    assert refused.headers["access-control-allow-origin"] == FRONTEND


async def test_answers_tell_what_is_left(open_gateway: Open) -> None:
    gateway = await open_gateway(limits={"read": "600/36000"})  # one is back after a minute

    answers = await several(3, gateway)

    assert {answer.headers["ratelimit-policy"] for answer in answers} == {'"read";q=600;w=36000'}
    told = [STANDING.fullmatch(answer.headers["ratelimit"]) for answer in answers]
    assert [each and each["left"] for each in told] == ["599", "598", "597"]


async def test_orchestrators_are_not_limited(open_gateway: Open) -> None:
    gateway = await open_gateway(limits={"network": "1/60", "read": "1/60"})

    answers = await several(5, gateway, "/healthz")

    assert statuses(answers) == [200] * 5
    assert "ratelimit" not in answers[0].headers


async def test_each_principal_has_a_quota_and_strangers_of_one_network_share_theirs(
    open_gateway: Open,
) -> None:
    gateway, issuer = await open_gateway(limits={"read": "2/60"}), Issuer(utc_now)

    ada = await several(3, gateway, CONTENT, headers=issuer.headers(user_id=1))
    bob = await several(3, gateway, CONTENT, headers=issuer.headers(user_id=2))
    strangers = await several(3, gateway)

    assert statuses(ada) == statuses(bob) == statuses(strangers) == [200, 200, 429]


async def test_an_address_that_a_client_writes_itself_changes_nothing(open_gateway: Open) -> None:
    """S44: only trusted proxies' X-Forwarded-For counts."""
    gateway = await open_gateway(limits={"read": "2/60"})

    answers = [
        await gateway.get(CONTENT + "/published", headers={"x-forwarded-for": f"203.0.113.{n}"})
        for n in range(3)
    ]

    assert statuses(answers) == [200, 200, 429]


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (["2001:db8:0:1::1", "2001:DB8:0:1:ffff::9", "2001:0db8:0:1::2"], [200, 200, 429]),
        (["2001:db8:0:1::1", "2001:db8:0:2::1", "2001:db8:0:3::1"], [200, 200, 200]),
        (["203.0.113.7", "::ffff:203.0.113.7", "::FFFF:cb00:7107"], [200, 200, 429]),
    ],
)
async def test_behind_a_trusted_proxy_networks_are_told_apart_by_what_they_are(
    addresses: list[str], expected: list[int], open_gateway: Open
) -> None:
    """S44: IPv6 by /64, in canonical form."""
    gateway = await open_gateway(limits={"read": "2/60"}, trusted_proxies=["127.0.0.0/8"])

    answers = [
        await gateway.get(CONTENT + "/published", headers={"x-forwarded-for": address})
        for address in addresses
    ]

    assert statuses(answers) == expected


async def test_a_flood_of_one_network_is_refused_before_its_tokens_are_looked_at(
    open_gateway: Open,
) -> None:
    gateway = await open_gateway(limits={"network": "2/60"})

    answers = await several(4, gateway, CONTENT, headers={"authorization": "Bearer x.y.z"})

    assert statuses(answers) == [401, 401, 429, 429]
    assert answers[-1].json()["violated-policies"] == ["network"]


async def test_without_a_broker_each_gateway_admits_half_and_says_so(open_gateway: Open) -> None:
    gateway = await open_gateway(limits={"log-in": "8/60"})
    labels = {"limit": "log-in"}
    before = REGISTRY.get_sample_value("stitch_limits_alone_total", labels) or 0

    answers = [await gateway.post(TOKEN) for _ in range(6)]

    assert statuses(answers) == [200] * 4 + [429] * 2
    assert (REGISTRY.get_sample_value("stitch_limits_alone_total", labels) or 0) == before + 5


async def test_a_broker_that_hangs_neither_holds_requests_up_nor_opens_the_door(
    open_gateway: Open, broker: OwnBroker
) -> None:
    """S78: the counter fails, and the limit holds."""
    async with clean_bus(broker.address):
        gateway = await open_gateway(broker.address, limits={"log-in": "8/60"})
    broker.hang()

    async with promised(2):
        answers = await asyncio.gather(*(gateway.post(TOKEN) for _ in range(20)))
    broker.go_on()

    assert statuses(answers).count(200) == 4


async def test_a_service_that_refuses_tells_of_its_own_limit(
    open_gateway: Open, backend: Backend
) -> None:
    told = {"ratelimit": '"login";r=0;t=30', "retry-after": "30"}
    backend.answer = JSONResponse({}, 429, headers=told)
    gateway = await open_gateway()

    refused = await gateway.post(TOKEN)

    assert refused.headers["ratelimit"] == '"login";r=0;t=30'
    assert "ratelimit-policy" not in refused.headers
