"""The roles that the code asks for are those of the contract (S55)."""

import re
from pathlib import Path

import pytest
from fastapi import FastAPI
from tests.security.test_roles import guarded

from stitch_common.http.app import guarded_routes
from stitch_dev.openapi import wired
from stitch_dev.services import SERVICES, Service

TABLE = Path(__file__).with_name("contract_roles.txt")
STORED = [service for service in SERVICES if service.is_stored]


def promised() -> dict[str, str]:
    """The role by route; a parameter's name does not matter."""
    lines = [line for line in TABLE.read_text().splitlines() if line and line[0] != "#"]
    pairs = (line.split(maxsplit=1) for line in lines)
    return {route: role for role, route in pairs}


async def asked_for(service: Service) -> dict[str, str]:
    async with wired(service) as (process, runtime):
        app = process.create_api(runtime)
        assert isinstance(app, FastAPI)
        roles = {f"{each.method} {each.path}": str(each.role) for each in guarded(app)}
        routes = [name for name, _ in guarded_routes(app)]
    return {re.sub(r"\{[^}]*\}", "{}", name): roles.get(name, "public") for name in routes}


@pytest.mark.parametrize("service", STORED, ids=lambda service: service.name)
async def test_a_route_asks_for_the_role_of_the_contract(service: Service) -> None:
    contract = promised()

    asked = await asked_for(service)

    assert len(asked) > 1
    assert {route: (role, contract.get(route)) for route, role in asked.items()} == {
        route: (role, role) for route, role in asked.items()
    }


def test_every_role_of_the_contract_occurs() -> None:
    assert set(promised().values()) == {"public", "viewer", "editor", "admin"}
