"""Nothing may take for ever: slow heads, slow bodies, silence, and answers that nobody takes."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from starlette.types import Receive, Scope, Send
from tests.http.wire import (
    Recorder,
    answer,
    code,
    connected,
    exchange,
    request,
    served,
    statuses,
    until_closed,
)

from stitch_common.http.strict_limits import Limits
from stitch_common.testing.waiting import PATIENCE

CLOSE = b"Connection: close"
CHUNKED = b"Transfer-Encoding: chunked"
POST = b"POST /here HTTP/1.1"
MIB = 1024 * 1024
QUICK = Limits(
    head_timeout=timedelta(seconds=0.3),
    body_timeout=timedelta(seconds=0.3),
    answer_timeout=timedelta(seconds=0.3),
    keep_alive_timeout=timedelta(seconds=0.3),
)


class Doorkeeper:
    """Answers each path in its own bad manner."""

    def __init__(self) -> None:
        self.began: list[str] = []
        self.told_to_go: list[str] = []
        self.may_answer = asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.began.append(scope["path"])
        match scope["path"]:
            case "/early":
                await answer(send, b"no", status=401)
            case "/huge":
                await answer(send, bytes(20 * MIB))
            case "/later":
                await self.may_answer.wait()
                await answer(send, b"yes")
            case "/half":
                await send({"type": "http.response.start", "status": 200, "headers": []})
                await send({"type": "http.response.body", "body": b"half", "more_body": True})
                await self._drain(scope, receive)
            case _:
                if await self._drain(scope, receive):
                    await answer(send, b"yes")

    async def _drain(self, scope: Scope, receive: Receive) -> bool:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                self.told_to_go.append(scope["path"])
                return False
            if not message["more_body"]:
                return True


@pytest.fixture
def keeper() -> Doorkeeper:
    return Doorkeeper()


@pytest.fixture
async def port(keeper: Doorkeeper) -> AsyncGenerator[int]:
    async with served(keeper, QUICK) as port:
        yield port


@pytest.fixture
async def patient_port(keeper: Doorkeeper) -> AsyncGenerator[int]:
    """Where nothing is late that a busy machine delays."""
    async with served(keeper, Limits()) as port:
        yield port


async def test_a_connection_that_says_nothing_is_closed(port: int) -> None:
    """S66."""
    assert await exchange(port) == b""


async def test_empty_lines_are_nothing_said(port: int) -> None:
    """S66: they may come before a request, but not for ever."""
    async with connected(port) as (reader, writer):
        closed = asyncio.create_task(until_closed(reader))
        while not closed.done():
            writer.write(b"\r\n")
            await asyncio.sleep(0.02)

        assert await closed == b""


@pytest.mark.parametrize("sent", [b"GET", b"GET / HTTP/1.1\r\nHost: a\r\nX", b"GET /\r\n"])
async def test_half_a_head_is_given_up(port: int, keeper: Doorkeeper, sent: bytes) -> None:
    """S66."""
    received = await exchange(port, sent)

    assert (statuses(received), code(received)) == ([408], "slow-head")
    assert keeper.began == []


async def test_a_head_that_grows_slowly_is_given_up(port: int) -> None:
    """S66: bytes that keep coming do not buy time."""
    async with connected(port) as (reader, writer):
        received = asyncio.create_task(until_closed(reader))
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n")
        while not received.done():
            writer.write(b"X: y\r\n")
            await asyncio.sleep(0.02)

        assert code(await received) == "slow-head"


async def test_a_kept_connection_is_closed_when_it_is_quiet(port: int) -> None:
    """S66."""
    assert statuses(await exchange(port, request())) == [200]


async def test_a_kept_connection_is_kept_while_it_is_used(recorder: Recorder) -> None:
    kept = Limits(keep_alive_timeout=timedelta(seconds=3))
    async with served(recorder, kept) as port, connected(port) as (reader, writer):
        for _ in range(9):
            await asyncio.sleep(0.4)
            writer.write(request())
            async with asyncio.timeout(PATIENCE):
                assert await reader.readuntil(b"</here>")


@pytest.mark.parametrize("framing", [b"Content-Length: 5", CHUNKED])
async def test_half_a_body_is_given_up_and_the_application_told(
    port: int, keeper: Doorkeeper, framing: bytes
) -> None:
    """S66."""
    received = await exchange(port, request(POST, framing, body=b"1\r\n"))

    assert (statuses(received), code(received)) == ([408], "slow-body")
    assert keeper.told_to_go == ["/here"]


async def test_a_body_that_trickles_is_given_up(port: int) -> None:
    """S66: one byte now and then is a pause, too."""
    async with connected(port) as (reader, writer):
        received = asyncio.create_task(until_closed(reader))
        writer.write(request(POST, b"Content-Length: 100000"))
        while not received.done():
            writer.write(b"x")
            await asyncio.sleep(0.02)

        assert code(await received) == "slow-body"


async def test_a_body_may_take_its_time_if_it_comes_steadily(keeper: Doorkeeper) -> None:
    patient = replace(QUICK, body_timeout=timedelta(seconds=1), min_body_rate=10)
    async with served(keeper, patient) as port:
        received = await exchange(
            port, request(POST, CLOSE, b"Content-Length: 600"), *[bytes(20)] * 30, pause=0.05
        )

    assert statuses(received) == [200]


async def test_who_may_not_send_is_not_late(port: int, keeper: Doorkeeper) -> None:
    """The application has not asked for the body: nothing is the client's fault."""
    async with connected(port) as (reader, writer):
        writer.write(request(b"POST /later HTTP/1.1", CLOSE, b"Content-Length: %d" % MIB))
        writer.write(bytes(MIB))
        await asyncio.sleep(1)
        keeper.may_answer.set()

        assert statuses(await until_closed(reader)) == [200]


async def test_a_body_that_nobody_asks_for_stays_with_the_client(
    port: int, keeper: Doorkeeper
) -> None:
    """S67: bounded memory, whatever is sent; the rest waits in the sender's own buffer."""
    async with connected(port) as (reader, writer):
        writer.write(request(b"POST /later HTTP/1.1", CLOSE, b"Content-Length: %d" % (64 * MIB)))
        writer.write(bytes(64 * MIB))
        await asyncio.sleep(1)

        assert writer.transport.get_write_buffer_size() > 32 * MIB
        keeper.may_answer.set()
        assert statuses(await until_closed(reader)) == [200]


async def test_an_answer_may_take_longer_than_a_head(port: int, keeper: Doorkeeper) -> None:
    async with connected(port) as (reader, writer):
        writer.write(request(b"GET /later HTTP/1.1") + b"GET /half HTTP/1.1\r\nX")
        await asyncio.sleep(1)
        keeper.may_answer.set()

        assert statuses(await until_closed(reader)) == [200, 408]


async def test_a_broken_body_after_half_an_answer_is_no_second_answer(
    patient_port: int, keeper: Doorkeeper
) -> None:
    async with connected(patient_port) as (reader, writer):
        writer.write(request(b"POST /half HTTP/1.1", CHUNKED, body=b"1\r\nx\r\n"))
        received = await reader.readuntil(b"half")
        writer.write(b"garbage")
        received += await until_closed(reader)

    assert statuses(received) == [200]
    assert not received.endswith(b"0\r\n\r\n")
    assert keeper.told_to_go == ["/half"]


async def test_what_is_left_of_a_refused_body_is_not_read_for_ever(port: int) -> None:
    """S67: also if it comes fast."""
    async with connected(port) as (reader, writer):
        writer.write(request(b"POST /early HTTP/1.1", b"Content-Length: 99999999999"))
        received = asyncio.create_task(until_closed(reader))
        while not received.done():
            writer.write(bytes(1024))
            await asyncio.sleep(0.005)

        assert statuses(await received) == [401]


async def test_who_takes_no_answer_is_disconnected(port: int, keeper: Doorkeeper) -> None:
    """S66: the slow reader."""
    async with connected(port) as (reader, writer):
        writer.write(request(b"GET /huge HTTP/1.1", CLOSE))
        await asyncio.sleep(1)

        received = await until_closed(reader)

    assert len(received) < 20 * MIB


async def test_who_takes_a_long_answer_slowly_gets_all_of_it(keeper: Doorkeeper) -> None:
    impatient = Limits(answer_timeout=timedelta(seconds=2))
    async with served(keeper, impatient) as port, connected(port) as (reader, writer):
        writer.write(request(b"GET /huge HTTP/1.1", CLOSE))
        taken = 0
        while part := await reader.read(MIB):
            taken += len(part)
            await asyncio.sleep(0.03)

    assert taken > 20 * MIB


async def test_endless_chunk_extensions_are_no_body(patient_port: int) -> None:
    """S67: what frames a body may not outgrow it."""
    async with connected(patient_port) as (reader, writer):
        writer.write(request(POST, CHUNKED, body=b"1;"))
        received = asyncio.create_task(until_closed(reader))
        for _ in range(40):
            writer.write(b"a" * 1024)
            await asyncio.sleep(0.005)

        assert statuses(await received) == [400]


async def test_endless_trailers_are_no_body(patient_port: int) -> None:
    """S67."""
    async with connected(patient_port) as (reader, writer):
        writer.write(request(POST, CHUNKED, body=b"0\r\nX: "))
        received = asyncio.create_task(until_closed(reader))
        for _ in range(40):
            writer.write(b"a" * 1024)
            await asyncio.sleep(0.005)

        assert statuses(await received) == [400]


async def test_a_head_without_end_is_refused_before_it_is_kept(patient_port: int) -> None:
    """S67."""
    async with connected(patient_port) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\nX: ")
        received = asyncio.create_task(until_closed(reader))
        while not received.done():
            writer.write(b"a" * 1024)
            await asyncio.sleep(0.001)

        assert code(await received) == "head-too-large"


async def test_a_thousand_slow_sockets_do_not_stop_service(recorder: Recorder) -> None:
    """S66."""
    kinds = [b"", b"GET / HTTP/1.1\r\nX", request(POST, CHUNKED, body=b"1\r\nx"), request()]
    patient = replace(QUICK, head_timeout=timedelta(seconds=20))
    async with served(recorder, patient) as port, AsyncExitStack() as slow:
        for number in range(1000):
            _, writer = await slow.enter_async_context(connected(port))
            writer.write(kinds[number % len(kinds)])

        fast = [exchange(port, request(b"GET /fast HTTP/1.1", CLOSE)) for _ in range(20)]
        received = await asyncio.gather(*fast)

    assert [statuses(each) for each in received] == [[200]] * 20


async def test_refusals_are_counted_by_their_reason(port: int) -> None:
    def count() -> float:
        return REGISTRY.get_sample_value("stitch_http_refused_total", {"code": "bad-host"}) or 0

    before = count()
    await exchange(port, request(host=()))

    assert count() == before + 1
