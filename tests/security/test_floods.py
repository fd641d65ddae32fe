"""Tokens of unknown keys by the thousand, and auth away (S25, S33, S34)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from uuid import uuid4

import httpx
import pytest
from tests.security.forge import Forge
from tests.security.house import House, Member, bearer

from stitch_common.security.principals import InvalidTokenError
from stitch_common.testing.waiting import promised, until

TARGETS = ("gateway", "content", "events")
PATH = {"gateway": "/api/content", "content": "/api/content", "events": "/api/events"}
FLOOD = 10_000


@asynccontextmanager
async def counting(member: Member) -> AsyncGenerator[list[str]]:
    """What this process asks others for, meanwhile."""
    asked: list[str] = []

    async def note(request: httpx.Request) -> None:
        asked.append(request.url.path)

    hooks = member.runtime.http.event_hooks
    member.runtime.http.event_hooks = {**hooks, "request": [note]}
    try:
        yield asked
    finally:
        member.runtime.http.event_hooks = hooks


async def status_at(house: House, target: str, token: str) -> int:
    answer = await house[target].client.get(PATH[target], headers=bearer(token))
    return answer.status_code


async def is_served(house: House, target: str, token: str) -> bool:
    return await status_at(house, target, token) == 200


@pytest.mark.parametrize("target", TARGETS)
async def test_ten_thousand_unknown_keys_cause_one_fetch_and_push_nobody_out(
    target: str, house: House
) -> None:
    member = house[target]
    token = (await house.log_in("viewer"))["access_token"]
    assert await status_at(house, target, token) == 200
    forge = await Forge.of(house)
    flood = [forge.with_header(kid=uuid4().hex) for _ in range(100)]
    heads = [each.partition(".")[2] for each in flood]

    async with counting(member) as asked:
        for number in range(FLOOD):
            forged = f"{forge.encoded_header(kid=uuid4().hex)}.{heads[number % 100]}"
            with pytest.raises(InvalidTokenError):
                await member.runtime.verifier.verify(forged)
        remembered = await status_at(house, target, token)

    assert len(asked) <= 1
    assert remembered == 200


@pytest.mark.parametrize("target", TARGETS)
async def test_a_rotation_during_a_flood_is_known_as_soon_as_otherwise(
    target: str, house: House
) -> None:
    forge = await Forge.of(house)
    is_over = asyncio.Event()

    async def flood() -> None:
        while not is_over.is_set():
            await status_at(house, target, forge.with_header(kid=uuid4().hex))

    flooding = [asyncio.create_task(flood()) for _ in range(4)]
    admin = bearer((await house.log_in("admin"))["access_token"])
    active = forge.kid
    answer = await house["auth"].client.post(f"/api/auth/keys/{active}/revoke", headers=admin)
    assert answer.status_code == 200, answer.text
    fresh = (await house.log_in("viewer"))["access_token"]
    async with promised(10):
        await until(partial(is_served, house, target, fresh))
    is_over.set()
    await asyncio.gather(*flooding)


async def test_with_auth_away_known_keys_work_and_what_starts_anew_lets_nobody_in(
    house: House,
) -> None:
    token = (await house.log_in("viewer"))["access_token"]
    assert {await status_at(house, target, token) for target in TARGETS} == {200}
    forge = await Forge.of(house)
    stranger = forge.with_header(kid="never-published")

    await house.stop("auth")
    try:
        known = {await status_at(house, target, token) for target in TARGETS}
        unknown = {await status_at(house, target, stranger) for target in TARGETS}
        await house.restart("content")
        forgetful = await status_at(house, "content", token)
    finally:
        await house.start("auth")

    assert known == {200}
    assert unknown == {401}
    assert forgetful in {401, 503}
    await until(partial(is_served, house, "content", token))


@pytest.mark.parametrize("target", TARGETS)
async def test_what_a_stranger_calls_a_key_is_in_no_log(
    target: str, house: House, capfd: pytest.CaptureFixture[str]
) -> None:
    forge = await Forge.of(house)
    mark = uuid4().hex

    for kid in (mark, f"{mark}\r\nlevel=critical", f"../{mark}", f"'; drop table {mark}"):
        assert await status_at(house, target, forge.with_header(kid=kid)) == 401

    assert mark not in "".join(capfd.readouterr())
