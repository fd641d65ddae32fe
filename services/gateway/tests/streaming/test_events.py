"""Server-sent events and other long answers pass as they are made (S74)."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from urllib.parse import urlsplit

from services.gateway.tests.backend import served
from services.gateway.tests.streaming.conftest import PATH, House
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from stitch_common.http.strict_limits import Limits
from stitch_common.testing.waiting import PATIENCE, promised, until
from stitch_gateway.api import create_api

MIB = 1024 * 1024
EXPORT, PROMPT = "GET /api/ai/usage", f"POST {PATH}"
STANDS_STILL_AFTER = timedelta(seconds=0.2)
HEAD = "{target} HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\n\r\n"


async def connect(
    house: House, target: str, url: str | None = None
) -> tuple[StreamReader, StreamWriter]:
    """A client that reads only when it is told to."""
    address = urlsplit(url or house.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=MIB)
    token = house.headers("s")["authorization"]
    writer.write(HEAD.format(target=target, token=token).encode())
    return reader, writer


async def test_each_event_arrives_before_the_next_is_made(house: House) -> None:
    """S74: nothing is buffered, heartbeats neither."""
    source = house.source()

    async with asyncio.timeout(PATIENCE), house.stream(house.headers("s")) as events:
        for number in range(1, 6):
            source.go_on.release()
            event = await anext(events)
            assert event == b"event: delta\ndata: %d\n\n" % number
            assert source.sent == number


async def test_the_head_of_a_stream_arrives_before_its_first_event(house: House) -> None:
    """S74: a client knows that it is served as soon as the service has said so."""
    source = house.source()

    async with asyncio.timeout(PATIENCE), house.stream(house.headers("s")):
        assert source.sent == 0


async def test_a_client_that_leaves_a_stream_ends_it_in_the_service(house: House) -> None:
    """S74: within a second, also when nothing is being sent."""
    source = house.source()
    source.go_on.release()

    async with house.stream(house.headers("s")) as events:
        await anext(events)

    async with promised(1):
        await source.ended.wait()


async def test_a_client_that_leaves_before_the_answer_begins_ends_the_work(house: House) -> None:
    """S74: a prompt that nobody waits for costs nothing more."""
    asked, left = asyncio.Event(), asyncio.Event()

    async def think(scope: Scope, receive: Receive, send: Send) -> None:
        asked.set()
        while (await receive())["type"] != "http.disconnect":
            continue
        left.set()

    house.ai.answer = think
    asking = asyncio.create_task(house.client.post(PATH, headers=house.headers("s"), json={}))
    await until(asked.is_set)

    async with promised(1):
        asking.cancel()
        await left.wait()


async def test_a_slow_reader_slows_the_service_and_fills_no_memory(house: House) -> None:
    """What waits for the client is in the kernel's buffers and in a few of ours."""
    sent = 0

    async def much() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(96):
            yield bytes(MIB)
            sent += 1

    house.ai.answer = StreamingResponse(much())
    reader, writer = await connect(house, EXPORT)
    stands_still_at = await level_of(lambda: sent)
    received = 0
    async with asyncio.timeout(PATIENCE):
        while received < 96 * MIB:
            received += len(await reader.read(MIB))
    writer.close()

    assert stands_still_at < 32
    assert sent == 96


async def test_a_client_that_stands_still_gives_its_place_to_others(house: House) -> None:
    """A download that nobody takes does not hold a connection to the service for ever."""
    ended = asyncio.Event()

    async def for_ever() -> AsyncIterator[bytes]:
        try:
            while True:
                yield bytes(MIB)
                await asyncio.sleep(0)  # or the server never hears that its client has gone
        finally:
            ended.set()

    house.ai.answer = StreamingResponse(for_ever())
    async with impatient(house) as url:
        _, writer = await connect(house, EXPORT, url)

        await until(ended.is_set)
        writer.close()


async def test_a_client_that_waits_for_events_is_not_taken_for_one_that_stands_still(
    house: House,
) -> None:
    source = house.source()

    async with impatient(house) as url, asyncio.timeout(PATIENCE):
        reader, writer = await connect(house, PROMPT, url)
        for number in range(1, 5):
            await asyncio.sleep(2 * STANDS_STILL_AFTER.total_seconds())
            source.go_on.release()
            await reader.readuntil(b"data: %d\n\n" % number)
        writer.close()

    assert source.sent == 4


@asynccontextmanager
async def impatient(house: House) -> AsyncGenerator[str]:
    """The same gateway on a port where a client must take its answers quickly."""
    limits = Limits(answer_timeout=STANDS_STILL_AFTER)
    async with served(create_api(house.runtime), limits) as url:
        yield url


async def level_of(measure: Callable[[], int]) -> int:
    """Where a number stops that only grows."""
    level = 0
    for _ in range(50):
        await asyncio.sleep(0.3)
        if level and level == measure():
            break
        level = measure()
    return level
