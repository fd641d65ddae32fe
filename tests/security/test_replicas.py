"""Two of auth and two gateways under load: a rotation of keys refuses nobody (S30, S31)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from itertools import cycle

import pytest
from tests.security.house import JWKS, PASSWORD, House, Member, bearer
from tests.security.test_keys import kid_of, prepare_follower

from stitch_common.testing.waiting import until

FORM = {"username": "viewer", "password": PASSWORD, "scope": "offline_access"}
PATHS = ("/api/auth/me", "/api/content", "/api/events")


class Replicas:
    """Both of each, and what a load on them has seen."""

    def __init__(self, auths: list[Member], gateways: list[Member]) -> None:
        self.auths = auths
        self.gateways = gateways
        self.granted: list[dict[str, str]] = []
        self.seen: list[tuple[str, int]] = []
        self._is_over = asyncio.Event()

    async def log_in(self, gateway: Member) -> None:
        answer = await gateway.client.post("/api/auth/token", data=FORM)
        self.seen.append(("log-in", answer.status_code))
        self.granted.append(answer.json())

    async def _keep_logging_in(self) -> None:
        for gateway in cycle(self.gateways):
            if self._is_over.is_set():
                return
            await self.log_in(gateway)

    async def _keep_refreshing(self) -> None:
        granted = self.granted[0]
        for gateway in cycle(self.gateways):
            if self._is_over.is_set():
                return
            body = {"refresh_token": granted["refresh_token"]}
            answer = await gateway.client.post("/api/auth/refresh", json=body)
            self.seen.append(("refresh", answer.status_code))
            granted = answer.json()
            self.granted.append(granted)

    async def _keep_using(self, member: Member) -> None:
        """Old tokens and the newest, here."""
        for path in cycle(PATHS if member in self.gateways else PATHS[:1]):
            if self._is_over.is_set():
                return
            for granted in (self.granted[1], self.granted[-1]):
                answer = await member.client.get(path, headers=bearer(granted["access_token"]))
                self.seen.append((path, answer.status_code))

    def load(self) -> list[asyncio.Task[None]]:
        work = [self._keep_logging_in(), self._keep_refreshing()]
        work += [self._keep_using(member) for member in (*self.auths, *self.gateways)]
        return [asyncio.create_task(each) for each in work]

    async def stop(self, load: list[asyncio.Task[None]]) -> None:
        self._is_over.set()
        await asyncio.gather(*load)

    def kids(self) -> set[str]:
        return {kid_of(granted["access_token"]) for granted in self.granted}


@pytest.fixture
async def replicas(house: House) -> AsyncGenerator[Replicas]:
    async with AsyncExitStack() as stack:
        auth = await stack.enter_async_context(house.another("auth"))
        url = str(auth.client.base_url).rstrip("/")
        gateway = await stack.enter_async_context(
            house.another("gateway", auth_url=url, jwks_url=url + JWKS)
        )
        yield Replicas([house["auth"], auth], [house["gateway"], gateway])


async def test_a_rotation_refuses_nobody_on_two_of_each(house: House, replicas: Replicas) -> None:
    await prepare_follower(house)
    for gateway in replicas.gateways:
        await replicas.log_in(gateway)
    admin = bearer((await house.log_in("admin"))["access_token"])

    load = replicas.load()
    await asyncio.sleep(0.5)
    rotated = await replicas.auths[1].client.post("/api/auth/keys/rotate", headers=admin)
    await until(lambda: len(replicas.kids()) == 2)
    await asyncio.sleep(1)
    await replicas.stop(load)

    assert rotated.status_code == 200, rotated.text
    assert len(replicas.kids()) == 2
    assert {what for what, _ in replicas.seen} == {"log-in", "refresh", *PATHS}
    assert {status for _, status in replicas.seen} == {200}


async def test_all_replicas_publish_the_same_keys(house: House, replicas: Replicas) -> None:
    await prepare_follower(house)
    await asyncio.sleep(house["auth"].runtime.settings.jwks_max_age.total_seconds())

    sets = [(await auth.client.get(JWKS)).json()["keys"] for auth in replicas.auths]

    assert sets[0] == sets[1]
    assert len({key["kid"] for key in sets[0]}) == len(sets[0]) >= 2
