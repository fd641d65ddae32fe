"""SIGTERM under load: what is asked is answered, who asks again is told to go, and it ends."""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest
from tests.http.processes import GATEWAY, SERVICE, Running, running
from tests.http.street import street
from tests.http.wire import connected, exchange, request, statuses

from stitch_common.http.strict_limits import Limits
from stitch_common.testing.waiting import PATIENCE, promised, until

CLIENTS = 12
NOTICE = {"STITCH_DRAIN_NOTICE": "PT1S"}
LENGTH = re.compile(rb"content-length: (\d+)")
REGISTER = b"POST /api/auth/register HTTP/1.1"
SLOW = b"GET /api/content/published/slow HTTP/1.1"


@dataclass
class Load:
    """Clients that ask again and again on kept connections, until they are told to go."""

    answered: int = 0
    lost: list[str] = field(default_factory=list)
    """What was asked and not answered with 200."""
    told_to_go: int = 0

    async def client(self, port: int, pause: float) -> None:
        async with connected(port) as (reader, writer):
            while not reader.at_eof():
                writer.write(request(REGISTER, b"Content-Length: 2", body=b"{}"))
                try:
                    async with asyncio.timeout(PATIENCE):
                        head = await _whole_answer(reader)
                except (asyncio.IncompleteReadError, ConnectionError) as error:
                    self.lost.append(repr(error))
                    return
                if statuses(head) != [200]:
                    self.lost.append(head.decode())
                self.answered += 1
                if b"\r\nconnection: close" in head:
                    self.told_to_go += 1
                    return
                await asyncio.sleep(pause)


async def _whole_answer(reader: asyncio.StreamReader) -> bytes:
    head = await reader.readuntil(b"\r\n\r\n")
    [length] = LENGTH.findall(head)
    await reader.readexactly(int(length))
    return head


@asynccontextmanager
async def loaded(port: int) -> AsyncGenerator[Load]:
    """Some clients never pause, some do."""
    load = Load()
    async with asyncio.TaskGroup() as clients:
        for number in range(CLIENTS):
            clients.create_task(load.client(port, pause=0.01 * (number % 4)))
        await until(lambda: load.answered >= 3 * CLIENTS)
        yield load


@pytest.fixture(params=["service", "gateway"])
async def door(request: pytest.FixtureRequest) -> AsyncGenerator[Running]:
    """A process under test, alone or in front of services."""
    if request.param == "service":
        async with running(*SERVICE, **NOTICE) as found:
            yield found
        return
    async with running(*SERVICE) as behind:
        url = f"http://127.0.0.1:{behind.port}"
        places = {"STITCH_AUTH_URL": url, "STITCH_CONTENT_URL": url, "STITCH_LIMITS_ON": "false"}
        async with running(*GATEWAY, **NOTICE, **places) as found:
            yield found


async def test_what_is_asked_before_the_end_is_answered(door: Running) -> None:
    """S77: no 5xx and no reset; who asks again is told to go."""
    slow = asyncio.create_task(exchange(door.port, request(SLOW)))
    async with loaded(door.port) as load:
        door.terminate()

    assert load.lost == []
    assert load.told_to_go == CLIENTS
    assert statuses(await slow) == [200]
    assert await door.ended() == 0


async def test_readiness_ends_before_service_does(door: Running) -> None:
    """S77."""
    door.terminate()
    await until(door.is_draining)

    received = await exchange(door.port, request(SLOW, b"Connection: close"))

    assert statuses(received) == [200]
    assert await door.ended() == 0


async def test_it_ends_within_its_limit_whatever_clients_do() -> None:
    """S77: an answer that never ends, a head that never does, and silence."""
    limit = {"STITCH_DRAIN_TIMEOUT": "PT1S", "STITCH_DRAIN_NOTICE": "PT0S"}
    async with (
        running(*SERVICE, **limit) as door,
        connected(door.port) as (_, half),
        connected(door.port),
        connected(door.port) as (_, endless),
    ):
        half.write(b"GET / HTTP/1.1\r\nHost: a\r\nX")
        endless.write(request(REGISTER, b"Content-Length: 1000"))
        await exchange(door.port, request(SLOW, b"Connection: close"))
        door.terminate()

        async with promised(10):
            assert await door.ended() == 0


async def test_a_service_that_ends_costs_the_gateways_clients_nothing() -> None:
    """S77: a rolling restart, seen from outside; a POST is never sent twice to make up for it."""
    async with running(*SERVICE) as one, running(*SERVICE) as other:
        places = ",".join(f"http://127.0.0.1:{each.port}" for each in (one, other))
        async with street(Limits(), auth_url=places) as found:
            load = Load()
            async with asyncio.TaskGroup() as clients:
                asking = [
                    clients.create_task(load.client(found.port, pause=0.01 * (number % 4)))
                    for number in range(CLIENTS)
                ]
                await asyncio.sleep(0.5)
                one.terminate()
                await one.ended()
                await asyncio.sleep(0.5)
                for client in asking:
                    client.cancel()

    assert load.answered > CLIENTS
    assert load.lost == []
