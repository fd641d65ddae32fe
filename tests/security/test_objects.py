"""What is somebody else's does not exist for others; nothing internal is served (S56, S59)."""

import json
import re
from base64 import urlsafe_b64decode

import pytest
from tests.security.forge import Forge
from tests.security.house import SERVICES, STORED, House, bearer

from stitch_common.http.app import guarded_routes
from stitch_gateway.routing.errors import MethodNotAllowedError, UnknownRouteError
from stitch_gateway.routing.rules import RouteTable
from stitch_gateway.routing.table import ROUTES

INTERNAL = ("/metrics", "/debug", "/internal", "/api/internal", "/api/auth/internal/keys")
OPS = ("/healthz", "/readyz", "/metrics")


def sid_of(token: str) -> str:
    claims = token.split(".")[1]
    return str(json.loads(urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sid"])


async def test_nobody_ends_or_sees_somebody_elses_session(house: House) -> None:
    viewers = (await house.log_in("viewer"))["access_token"]
    editors = (await house.log_in("editor"))["access_token"]
    gateway = house["gateway"].client
    path = f"/api/auth/me/sessions/{sid_of(editors)}"

    ended = await gateway.delete(path, headers=bearer(viewers))
    nobodys = await gateway.delete(f"{path[:-4]}0000", headers=bearer(viewers))
    seen = await gateway.get("/api/auth/me/sessions", headers=bearer(viewers))

    assert (ended.status_code, nobodys.status_code) == (404, 404)
    assert ended.json()["code"] == nobodys.json()["code"]
    assert sid_of(editors) not in {each["sid"] for each in seen.json()}
    still = await gateway.get("/api/auth/me", headers=bearer(editors))
    assert still.status_code == 200


@pytest.mark.parametrize("path", ["/api/events/rsvp", "/api/events/rsvps/1"])
async def test_an_access_token_is_no_guests_token(path: str, house: House) -> None:
    admin = bearer((await Forge.of(house)).role("admin"))
    method = "GET" if path.endswith("rsvp") else "PUT"

    answers = [
        await house[target].client.request(method, path, headers=admin, json={})
        for target in ("events", "gateway")
    ]

    assert {answer.status_code for answer in answers} <= {401, 404, 422}


@pytest.mark.parametrize("target", SERVICES)
@pytest.mark.parametrize("path", INTERNAL)
async def test_nothing_internal_is_served_where_requests_come_in(
    path: str, target: str, house: House
) -> None:
    admin = bearer((await Forge.of(house)).role("admin"))

    answer = await house[target].client.get(path, headers=admin)

    assert answer.status_code == 404


@pytest.mark.parametrize("target", STORED)
@pytest.mark.parametrize("path", OPS)
async def test_what_operators_see_has_a_port_of_its_own(
    path: str, target: str, house: House
) -> None:
    assert (await house[target].client.get(path)).status_code == 404


@pytest.mark.parametrize("service", STORED)
async def test_a_service_has_no_route_that_the_gateway_does_not_know(
    service: str, house: House
) -> None:
    table = RouteTable(ROUTES)
    unknown = []

    for name, _ in guarded_routes(house[service].app):
        method, path = name.split(" ")
        try:
            table.find(method, re.sub(r"\{[^}]*\}", "1", path))
        except (UnknownRouteError, MethodNotAllowedError):
            unknown.append(name)

    assert unknown == []
