"""What is revoked is refused by every process, also one that starts later (S8, S38, S39)."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial

import pytest

from stitch_common.bus.connection import Bus
from stitch_common.bus.topology import STREAM
from stitch_common.clock import utc_now
from stitch_common.contracts import Fact
from stitch_common.contracts.auth import KeyRotated, SessionRevoked
from stitch_common.security.feed import revocation_feed
from stitch_common.security.principals import InvalidTokenError
from stitch_common.security.tokens import TokenVerifier
from stitch_common.testing.tokens import AUDIENCE, ISSUER, Issuer
from stitch_common.testing.traffic import Traffic
from stitch_common.testing.waiting import promised, until

PROMISED = 2.0


class Process:
    """One process's own connection and verification."""

    def __init__(self, bus: Bus) -> None:
        self.bus = bus
        self.keys = RenewedKeys(utc_now)
        self.verifier = TokenVerifier(self.keys, utc_now, issuer=ISSUER, audience=AUDIENCE)
        self.feed = revocation_feed(bus, self.verifier, utc_now)

    async def wait_until_ready(self) -> None:
        await until(self._is_ready)

    async def _is_ready(self) -> bool:
        return await self.feed.ready() is None

    async def refuses(self, token: str) -> bool:
        try:
            await self.verifier.verify(token)
        except InvalidTokenError:
            return True
        return False

    async def wait_until_refused(self, token: str) -> None:
        async with promised(PROMISED):
            await until(partial(self.refuses, token))

    async def wait_until_renewed(self) -> None:
        async with promised(PROMISED):
            await until(self._is_renewed)

    async def _is_renewed(self) -> bool:
        return self.keys.renewals > 0


class RenewedKeys(Issuer):
    """The issuer's keys, and whether there was news of them."""

    renewals = 0

    def renew(self) -> None:
        self.renewals += 1


@asynccontextmanager
async def process(url: str) -> AsyncGenerator[Process]:
    bus = Bus(url, "test")
    await bus.start()
    running = Process(bus)
    stop = asyncio.Event()
    task = asyncio.create_task(running.feed.run(stop))
    try:
        yield running
    finally:
        stop.set()
        await task
        await bus.close()


def logout(sid: str = "sid-1") -> SessionRevoked:
    return SessionRevoked(sid=sid, user_id=1, reason="logout", at=utc_now())


@pytest.fixture
def token() -> str:
    return Issuer(utc_now).token(user_id=1)


async def test_a_logout_is_in_force_in_every_process_within_two_seconds(
    traffic: Traffic, nats_url: str, token: str
) -> None:
    async with AsyncExitStack() as stack:
        processes = [await stack.enter_async_context(process(nats_url)) for _ in range(3)]
        for each in processes:
            await each.wait_until_ready()
            assert not await each.refuses(token)

        await traffic.publish(logout())

        await asyncio.gather(*(each.wait_until_refused(token) for each in processes))


async def test_a_process_that_starts_later_is_ready_only_when_it_knows_the_list(
    traffic: Traffic, nats_url: str, token: str
) -> None:
    facts: list[Fact] = [logout(f"other-{number}") for number in range(300)]
    await traffic.publish(*facts, logout())

    async with process(nats_url) as late:
        await late.wait_until_ready()

        assert await late.refuses(token)


async def test_a_process_without_a_broker_is_not_ready() -> None:
    async with process("nats://127.0.0.1:9") as lonely:
        await asyncio.sleep(0.1)

        assert await lonely.feed.ready() == "revocations are not loaded yet"


async def test_a_process_keeps_what_it_has_and_stays_ready_when_its_reading_is_cut(
    traffic: Traffic, nats_url: str, token: str
) -> None:
    async with process(nats_url) as cut:
        await cut.wait_until_ready()
        await traffic.publish(logout())
        await cut.wait_until_refused(token)

        await remove_consumers(traffic.bus)
        other = Issuer(utc_now).token(user_id=2)
        await traffic.publish(logout("sid-2"))

        assert await cut.feed.ready() is None
        assert await cut.refuses(token)
        # The silence is noticed, and everything is read again.
        async with promised(10):
            await until(partial(cut.refuses, other))


async def test_news_of_keys_renew_them(traffic: Traffic, nats_url: str) -> None:
    async with process(nats_url) as informed:
        await informed.wait_until_ready()

        await traffic.publish(KeyRotated(kid="k2", at=utc_now()))

        await informed.wait_until_renewed()


async def test_an_ended_process_leaves_no_consumer_behind(traffic: Traffic, nats_url: str) -> None:
    async with process(nats_url) as brief:
        await brief.wait_until_ready()
        assert len(await traffic.bus.js.consumers_info(STREAM)) == 1

    assert await traffic.bus.js.consumers_info(STREAM) == []


async def remove_consumers(bus: Bus) -> None:
    for found in await bus.js.consumers_info(STREAM):
        await bus.js.delete_consumer(STREAM, found.name)
