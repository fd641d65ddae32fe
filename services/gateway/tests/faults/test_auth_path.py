"""Whatever breaks on the way of a request: nobody passes by it, and nobody waits for ever (S78)."""

import asyncio
import inspect
from collections.abc import AsyncGenerator
from typing import Any

import httpx
import pytest
from services.gateway.tests.faults.house import (
    DATA,
    PARTS,
    Break,
    Fault,
    Ground,
    Nonsense,
    fails,
    gateway_on,
    ground,
    hangs,
)
from services.gateway.tests.faults.steps import Step, collaborators, is_awaited, steps
from structlog.testing import capture_logs

from stitch_common.bus.connection import Bus
from stitch_common.clock import utc_now
from stitch_common.testing.tokens import Issuer
from stitch_gateway.authentication.service import Admission
from stitch_gateway.balancing.service import BalancedUpstream
from stitch_gateway.cors.answers import BrowserHeaders
from stitch_gateway.gateway import Gateway
from stitch_gateway.observing.lines import AccessLog
from stitch_gateway.streaming import patience

BY_ITS_EXCHANGE = ("choose", "first", "look_around", "failed")
STEPS = [
    *(step for part in PARTS for step in steps(part, except_for=DATA)),
    *(Step(BalancedUpstream, "addresses", method) for method in BY_ITS_EXCHANGE),
]
ENDS = {AccessLog, BrowserHeaders, Bus}
"""What they are given is outside; they are broken as a whole."""
REFUSALS = {401, 429, 500, 502, 503, 504}
PATH = "/api/events/7/rsvps"
"""Editors only; limited by this process alone, as most are."""
SHARED_PATH = "/api/ai/generate-content"
"""Counted by all processes together."""
PATHS = (PATH, SHARED_PATH)


@pytest.fixture(scope="module")
async def behind() -> AsyncGenerator[Ground]:
    async with ground() as found:
        yield found


def nonsense(*_args: Any, **_named: Any) -> Any:
    return Nonsense()


async def nonsense_later(*_args: Any, **_named: Any) -> Any:
    return Nonsense()


async def test_every_collaborator_on_the_way_can_be_broken_here(behind: Ground) -> None:
    """A new one makes this fail, until it is put into the house by a name of its own."""
    unbroken = Break(None, fails)
    expected = {
        f"{part.__name__}.{parameter}"
        for part in PARTS
        for parameter in inspect.signature(part).parameters
        if parameter not in DATA
    }

    async with gateway_on(behind, unbroken):
        pass

    assert set(unbroken.places) == expected


def test_every_class_that_a_part_is_given_is_a_part_or_has_no_collaborators() -> None:
    """Or a class could be put between two parts, and its faults would be nobody's."""
    given = {
        parameter.annotation
        for part in PARTS
        for parameter in inspect.signature(part).parameters.values()
        if inspect.isclass(parameter.annotation)
        and parameter.annotation.__module__.startswith(("stitch_gateway", "stitch_common"))
    }
    with_collaborators = {cls for cls in given if set(collaborators(cls).values()) - DATA}

    assert with_collaborators - {*PARTS, *ENDS} == set()


def test_the_steps_are_those_of_the_code() -> None:
    known = {str(step) for step in STEPS}

    assert {
        "Gateway.table.find",
        "Gateway.guard.admit",
        "Gateway.limits.knock",
        "Gateway.limits.admit",
        "Gateway.proxy.forward",
        "Guard.verifier.verify",
        "TokenVerifier.keys.find",
        "TokenVerifier.revocations.covers",
        "JWKSKeys.http.stream",
        "RateLimits.shared.hit",
        "Proxy.upstreams.__getitem__",
        "SharedCounters.bus.connected",
    } - known == set()


OTHERWISE_BOUNDED = {"Gateway.proxy.forward", "BalancedUpstream.addresses.first"}
"""Somebody is admitted then; by the time that a route allows its service, and DNS."""
CASES = [
    *((step, fails) for step in STEPS),
    *((step, nonsense_later if is_awaited(step) else nonsense) for step in STEPS),
    *((step, hangs) for step in STEPS if is_awaited(step) and str(step) not in OTHERWISE_BOUNDED),
]


@pytest.mark.parametrize(
    ("step", "fault"), CASES, ids=lambda value: getattr(value, "__name__", str(value))
)
async def test_nobody_passes_by_a_fault_and_nobody_waits_for_ever(
    step: Step, fault: Fault, behind: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S78."""
    monkeypatch.setattr(patience, "ADMITTED_WITHIN", 0.2)
    behind.service.forget()
    broken = Break(step, fault)
    issuer = Issuer(utc_now)
    forged = {"authorization": f"Bearer {issuer.token(aud='another')}"}
    with capture_logs():
        async with asyncio.timeout(10), gateway_on(behind, broken) as url:
            strangers = [await status(url, path, each) for path in PATHS for each in ({}, forged)]
            asked_for_strangers = len(behind.service.seen)
            known = [await status(url, path, issuer.headers()) for path in PATHS]

    assert asked_for_strangers == 0
    assert set(strangers) <= REFUSALS
    assert set(known) <= REFUSALS | {200}
    assert broken.was_met or known == [200, 200]


async def test_headers_that_can_not_be_built_reach_nobody(behind: Ground) -> None:
    """S78: somebody is admitted, and what they are told to be is nonsense."""

    async def admits_nonsense(*_args: Any, **_named: Any) -> Any:
        admission = Admission(authorization=b"Bearer x")
        object.__setattr__(admission, "authorization", Nonsense())
        return admission

    behind.service.forget()
    broken = Break(Step(Gateway, "guard", "admit"), admits_nonsense)
    with capture_logs():
        async with gateway_on(behind, broken) as url:
            answers = [await status(url, path, {}) for path in PATHS]

    assert set(answers) <= REFUSALS
    assert behind.service.seen == []


async def status(url: str, path: str, headers: dict[str, str]) -> int:
    """As a client sees it; a connection that is closed without an answer is a 500."""
    method = "POST" if path == SHARED_PATH else "GET"
    async with httpx.AsyncClient(base_url=url, trust_env=False, timeout=5) as client:
        try:
            return (await client.request(method, path, headers=headers)).status_code
        except (httpx.RemoteProtocolError, httpx.ReadError):
            return 500
