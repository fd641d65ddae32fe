"""Every route with every role, generated from the code, at each service directly (S55)."""

import re
from collections.abc import Iterator
from inspect import getclosurevars
from typing import NamedTuple

import pytest
from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from tests.security.forge import Forge
from tests.security.house import STORED, House, bearer

from stitch_common.http.principals import current_principal
from stitch_common.security.principals import Role

REFUSALS = {"not-authenticated", "invalid-token", "role-required"}
UNANSWERED = {"event-not-known-yet"}
"""Here nobody works for the service that is asked over the bus."""
PARAMETER = re.compile(r"\{[^}]+\}")


class Guarded(NamedTuple):
    """A route, and the least role that may use it."""

    method: str
    path: str
    role: Role


def guarded(app: FastAPI) -> Iterator[Guarded]:
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        if isinstance(dependant, Dependant) and (roles := list(required(dependant))):
            for method in sorted(route.methods or ()):
                yield Guarded(method, str(route.path), min(roles, key=list(Role).index))


def required(dependant: Dependant) -> Iterator[Role]:
    """What the dependencies of a route ask for."""
    call = dependant.call
    if call is current_principal:
        yield Role.VIEWER
    elif getattr(call, "__qualname__", "").startswith("_requiring.") and call is not None:
        yield getclosurevars(call).nonlocals["role"]
    for inner in dependant.dependencies:
        yield from required(inner)


async def refusal(house: House, service: str, route: Guarded, token: str | None) -> str | None:
    """Why the request was refused for who sent it; None if it was not."""
    body: dict[str, str] | None = None if route.method in {"GET", "HEAD", "DELETE"} else {}
    answer = await house[service].client.request(
        route.method,
        PARAMETER.sub("1", route.path),
        json=body,
        headers=bearer(token) if token else {},
    )
    assert answer.status_code < 500 or answer.json()["code"] in UNANSWERED, (route, answer.text)
    if answer.status_code not in {401, 403}:
        return None
    code = str(answer.json().get("code")) if route.method != "HEAD" else "invalid-token"
    assert answer.status_code == (403 if code == "role-required" else 401) or code not in REFUSALS
    return code if code in REFUSALS else None


@pytest.mark.parametrize("service", STORED)
async def test_only_who_has_the_role_may_use_a_route(service: str, house: House) -> None:
    forge = await Forge.of(house)
    routes = list(guarded(house[service].app))
    wrong = []

    for route in routes:
        expected: dict[str | None, str | None] = {None: "not-authenticated"}
        expected |= {role: None if role.covers(route.role) else "role-required" for role in Role}
        for role, why_not in expected.items():
            token = forge.role(role) if role else None
            if (found := await refusal(house, service, route, token)) != why_not:
                wrong.append((route, role, found))

    assert len(routes) > 1
    assert wrong == []


@pytest.mark.parametrize("service", STORED)
async def test_viewers_change_nothing_but_their_own(service: str, house: House) -> None:
    routes = guarded(house[service].app)
    lax = {
        f"{route.method} {route.path}"
        for route in routes
        if route.method not in {"GET", "HEAD"} and route.role is Role.VIEWER
    }

    assert {line for line in lax if not re.search(r"/api/auth/(me|logout)", line)} == set()
