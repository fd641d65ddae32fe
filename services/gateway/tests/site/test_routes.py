import re

import httpx
import pytest
from services.gateway.tests.backend import served
from services.gateway.tests.conftest import close

from stitch_common.clock import utc_now
from stitch_common.http.ops import create_ops_app
from stitch_gateway.api import create_api
from stitch_gateway.runtime import GatewayRuntime
from stitch_gateway.settings import GatewaySettings

BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def test_the_landing_page_says_where_to_go(client: httpx.AsyncClient) -> None:
    answer = await client.get("/")

    assert answer.status_code == 200
    for link in ("/docs", "/openapi.json", "http://localhost:8025"):
        assert f'href="{link}"' in answer.text


async def test_the_mail_catcher_is_named_in_dev_only(
    gateway_without_services: httpx.AsyncClient,
) -> None:
    answer = await gateway_without_services.get("/")

    assert "Mail catcher" not in answer.text


async def test_assets_of_a_page_are_there_and_may_be_kept(client: httpx.AsyncClient) -> None:
    page = await client.get("/docs")
    addresses = set(re.findall(r'(?:href|src)="(/assets/[^"]+)"', page.text))

    assert len(addresses) == 4
    for address in addresses:
        answer = await client.get(address)
        assert answer.status_code == 200
        assert "immutable" in answer.headers["cache-control"]


async def test_an_asset_that_is_none_is_not_found(client: httpx.AsyncClient) -> None:
    for path in ("/assets/other.css", "/assets/.", "/assets/%2e%2e", "/assets/__init__.py"):
        assert (await client.get(path)).status_code in {400, 404}


async def test_a_living_gateway_says_so(client: httpx.AsyncClient) -> None:
    assert (await client.get("/healthz")).json() == {"status": "ok"}


@pytest.mark.parametrize(("reason", "status"), [(None, 200), ("keys are missing", 503)])
async def test_readiness_is_told_without_its_reasons(reason: str | None, status: int) -> None:
    async def check() -> str | None:
        return reason

    async with served(create_ops_app({"keys": check})) as ops:
        settings = GatewaySettings(ops_port=int(ops.rpartition(":")[2]))
        runtime = GatewayRuntime.of("gateway", settings, clock=utc_now)
        async with served(create_api(runtime)) as url, httpx.AsyncClient(trust_env=False) as http:
            answer = await http.get(f"{url}/readyz")
        await close(runtime)

    assert answer.status_code == status
    assert answer.json() == {"status": "ready" if status == 200 else "not-ready"}


async def test_without_an_ops_port_nobody_is_ready(
    gateway_without_services: httpx.AsyncClient,
) -> None:
    assert (await gateway_without_services.get("/readyz")).status_code == 503


async def test_somebody_in_a_browser_is_told_in_a_page(
    gateway_without_services: httpx.AsyncClient,
) -> None:
    away = await gateway_without_services.get("/rsvp/some-token", headers=BROWSER)
    lost = await gateway_without_services.get("/no/such/page", headers=BROWSER)

    assert (away.status_code, lost.status_code) == (503, 404)
    for answer in (away, lost):
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["x-request-id"] in answer.text
        assert "some-token" not in answer.text
    assert away.headers["retry-after"] == "5"


async def test_a_program_is_told_in_a_problem(client: httpx.AsyncClient) -> None:
    for path in ("/no/such/page", "/api/nothing"):
        headers = BROWSER if path.startswith("/api/") else {}
        answer = await client.get(path, headers=headers)
        assert answer.headers["content-type"] == "application/problem+json"
