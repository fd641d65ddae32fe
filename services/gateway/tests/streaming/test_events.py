"""Server-sent events and other long answers pass as they are made (S74)."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncIterator, Callable
from urllib.parse import urlsplit

import pytest
from services.gateway.tests.streaming.conftest import PATH, House
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from stitch_gateway.streaming import patience

MIB = 1024 * 1024
EXPORT = "GET /api/ai/usage"
HEAD = "{target} HTTP/1.1\r\nhost: x\r\nauthorization: {token}\r\n\r\n"


async def connect(house: House, target: str) -> tuple[StreamReader, StreamWriter]:
    """A client that reads only when it is told to."""
    address = urlsplit(house.url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port, limit=MIB)
    token = house.headers("s")["authorization"]
    writer.write(HEAD.format(target=target, token=token).encode())
    return reader, writer


async def test_each_event_arrives_before_the_next_is_made(house: House) -> None:
    """S74: nothing is buffered, heartbeats neither."""
    source = house.source()

    async with asyncio.timeout(5), house.stream(house.headers("s")) as events:
        for number in range(1, 6):
            source.go_on.release()
            event = await anext(events)
            assert event == b"event: delta\ndata: %d\n\n" % number
            assert source.sent == number


async def test_the_head_of_a_stream_arrives_before_its_first_event(house: House) -> None:
    """S74: a client knows that it is served as soon as the service has said so."""
    source = house.source()

    async with asyncio.timeout(5), house.stream(house.headers("s")):
        assert source.sent == 0


async def test_a_client_that_leaves_a_stream_ends_it_in_the_service(house: House) -> None:
    """S74: within a second, also when nothing is being sent."""
    source = house.source()
    source.go_on.release()

    async with house.stream(house.headers("s")) as events:
        await anext(events)

    await asyncio.wait_for(source.ended.wait(), 1)


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
    await asyncio.wait_for(asked.wait(), 2)

    asking.cancel()

    await asyncio.wait_for(left.wait(), 1)


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
    async with asyncio.timeout(30):
        while received < 96 * MIB:
            received += len(await reader.read(MIB))
    writer.close()

    assert stands_still_at < 32
    assert sent == 96


async def test_a_client_that_stands_still_gives_its_place_to_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A download that nobody takes does not hold a connection to the service for ever."""
    monkeypatch.setattr(patience, "STANDS_STILL_AFTER", 0.2)
    ended = asyncio.Event()

    async def for_ever() -> AsyncIterator[bytes]:
        try:
            while True:
                yield bytes(MIB)
                await asyncio.sleep(0)  # or the server never hears that its client has gone
        finally:
            ended.set()

    house.ai.answer = StreamingResponse(for_ever())
    _, writer = await connect(house, EXPORT)

    await asyncio.wait_for(ended.wait(), 10)
    writer.close()


async def test_a_client_that_reads_slowly_is_not_taken_for_one_that_stands_still(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(patience, "STANDS_STILL_AFTER", 0.05)
    source = house.source()

    async with asyncio.timeout(10), house.stream(house.headers("s")) as events:
        for _ in range(4):
            await asyncio.sleep(0.15)
            source.go_on.release()
            await anext(events)

    assert source.sent == 4


async def level_of(measure: Callable[[], int]) -> int:
    """Where a number stops that only grows."""
    level = 0
    for _ in range(50):
        await asyncio.sleep(0.3)
        if level and level == measure():
            break
        level = measure()
    return level
