"""The contract of `Upstream`, held against every implementation on real sockets."""

import asyncio
from asyncio import StreamReader as Reader
from asyncio import StreamWriter as Writer
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import timedelta

import pytest

from stitch_common.testing.waiting import PATIENCE, until
from stitch_gateway.intake.errors import BodyTooLargeError
from stitch_gateway.proxying.errors import (
    UpstreamBrokenError,
    UpstreamTimeoutError,
    UpstreamUnreachableError,
)
from stitch_gateway.proxying.httpx_upstream import HTTPXUpstream
from stitch_gateway.proxying.pool import PooledUpstream
from stitch_gateway.proxying.upstream import Upstream, UpstreamRequest
from stitch_gateway.runtime import balanced
from stitch_gateway.settings import GatewaySettings

PATIENT = timedelta(seconds=PATIENCE)
OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\nx-one: 1\r\nX-One: 2\r\n\r\nok"

Script = Callable[[Reader, Writer], Awaitable[None]]
MakeUpstream = Callable[[str], Upstream]


def httpx_upstream(url: str) -> Upstream:
    return HTTPXUpstream(url, connections=4, connect_timeout=PATIENT)


def pooled_upstream(url: str) -> Upstream:
    return PooledUpstream(url, connections=4, connect_timeout=PATIENT)


def balanced_upstream(url: str) -> Upstream:
    """Behind a name, as it serves; made of pools like the one above."""
    settings = GatewaySettings(upstream_connections=4, connect_timeout=PATIENT)
    return balanced("events", [url.replace("127.0.0.1", "localhost")], settings)


@pytest.fixture(params=[httpx_upstream, pooled_upstream, balanced_upstream])
def make_upstream(request: pytest.FixtureRequest) -> MakeUpstream:
    make: MakeUpstream = request.param
    return make


class Service:
    """A server that follows a script for each connection and keeps what it read."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self.connections = 0
        self.received = bytearray()

    async def __call__(self, reader: Reader, writer: Writer) -> None:
        self.connections += 1
        try:
            await self._script(reader, writer)
        finally:
            writer.close()

    async def head(self, reader: Reader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        self.received += head
        return head


@asynccontextmanager
async def talking_to(
    make: MakeUpstream, script: Callable[[Service, Reader, Writer], Awaitable[None]]
) -> AsyncGenerator[tuple[Upstream, Service]]:
    service: Service

    async def follow(reader: Reader, writer: Writer) -> None:
        await script(service, reader, writer)

    service = Service(follow)
    server = await asyncio.start_server(service, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    upstream = make(f"http://127.0.0.1:{port}")
    try:
        yield upstream, service
    finally:
        await upstream.close()
        server.close()
        await server.wait_closed()


async def answering_ok(service: Service, reader: Reader, writer: Writer) -> None:
    while not reader.at_eof():
        try:
            await service.head(reader)
        except asyncio.IncompleteReadError:
            return
        writer.write(OK)


def answering(answer: bytes) -> Callable[[Service, Reader, Writer], Awaitable[None]]:
    """Write this, and close."""

    async def script(service: Service, reader: Reader, writer: Writer) -> None:
        await service.head(reader)
        writer.write(answer)
        await writer.drain()

    return script


def get(target: bytes = b"/x", *, patience: float = PATIENCE) -> UpstreamRequest:
    return UpstreamRequest("GET", target, [(b"accept", b"*/*")], patience)


def post(body: AsyncIterator[bytes], *, length: int | None = None) -> UpstreamRequest:
    return UpstreamRequest("POST", b"/x", [], PATIENCE, body, length)


async def parts(*given: bytes) -> AsyncIterator[bytes]:
    for part in given:
        yield part


async def ask(upstream: Upstream, request: UpstreamRequest) -> bytes:
    async with upstream.exchange(request) as answer:
        return b"".join([chunk async for chunk in answer.chunks()])


async def test_status_fields_and_body_come_back(make_upstream: MakeUpstream) -> None:
    async with (
        talking_to(make_upstream, answering_ok) as (upstream, _),
        upstream.exchange(get()) as answer,
    ):
        body = b"".join([chunk async for chunk in answer.chunks()])

        assert (answer.status, body) == (200, b"ok")
        assert answer.fields == [(b"content-length", b"2"), (b"x-one", b"1"), (b"x-one", b"2")]


async def test_the_target_is_sent_as_it_is(make_upstream: MakeUpstream) -> None:
    target = b"/a'b/%C3%BC?x=[1]&y=%zz|{}&z='"
    async with talking_to(make_upstream, answering_ok) as (upstream, service):
        await ask(upstream, get(target))

        assert service.received.startswith(b"GET " + target + b" HTTP/1.1\r\n")


async def test_the_head_says_what_was_asked_and_nothing_else(make_upstream: MakeUpstream) -> None:
    async with talking_to(make_upstream, answering_ok) as (upstream, service):
        await ask(upstream, get())

        lines = bytes(service.received).lower().split(b"\r\n")
        assert [line.split(b":")[0] for line in lines[1:] if line] == [b"host", b"accept"]


async def test_a_connection_is_used_again(make_upstream: MakeUpstream) -> None:
    async with talking_to(make_upstream, answering_ok) as (upstream, service):
        for _ in range(5):
            await ask(upstream, get())

        assert service.connections == 1


async def test_parallel_requests_get_their_own_answers(make_upstream: MakeUpstream) -> None:
    async def echo(service: Service, reader: Reader, writer: Writer) -> None:
        while True:
            try:
                target = (await service.head(reader)).split()[1]
            except asyncio.IncompleteReadError:
                return
            await asyncio.sleep(0.01)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n%b" % (len(target), target))

    async with talking_to(make_upstream, echo) as (upstream, service):
        targets = [b"/%d" % number for number in range(40)]
        answers = await asyncio.gather(*(ask(upstream, get(target)) for target in targets))

        assert answers == targets
        assert service.connections <= 4


async def test_a_body_of_known_length_is_sent_with_it(make_upstream: MakeUpstream) -> None:
    async def script(service: Service, reader: Reader, writer: Writer) -> None:
        await service.head(reader)
        service.received += await reader.readexactly(6)
        writer.write(OK)

    async with talking_to(make_upstream, script) as (upstream, service):
        await ask(upstream, post(parts(b"abc", b"def"), length=6))

        assert b"content-length: 6\r\n" in service.received.lower()
        assert b"transfer-encoding" not in service.received.lower()
        assert service.received.endswith(b"\r\n\r\nabcdef")


async def test_a_body_of_unknown_length_is_sent_in_chunks(make_upstream: MakeUpstream) -> None:
    async def script(service: Service, reader: Reader, writer: Writer) -> None:
        await service.head(reader)
        service.received += await reader.readuntil(b"0\r\n\r\n")
        writer.write(OK)

    async with talking_to(make_upstream, script) as (upstream, service):
        await ask(upstream, post(parts(b"abc", b"defg")))

        assert b"transfer-encoding: chunked\r\n" in service.received.lower()
        assert service.received.endswith(b"\r\n\r\n3\r\nabc\r\n4\r\ndefg\r\n0\r\n\r\n")


async def test_an_answer_streams_as_it_is_made(make_upstream: MakeUpstream) -> None:
    go_on = asyncio.Event()

    async def script(service: Service, reader: Reader, writer: Writer) -> None:
        await service.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n")
        await go_on.wait()
        writer.write(b"4\r\nlast\r\n0\r\n\r\n")

    async with (
        talking_to(make_upstream, script) as (upstream, _),
        upstream.exchange(get()) as answer,
    ):
        chunks = answer.chunks()
        first = await anext(chunks)
        go_on.set()
        rest = [chunk async for chunk in chunks]

        assert (first, rest) == (b"first", [b"last"])


async def test_a_service_that_does_not_read_slows_the_client(make_upstream: MakeUpstream) -> None:
    """A body waits with who sends it, and is not kept on the way."""
    pulled, mib, over = 0, 1024 * 1024, asyncio.Event()

    async def much() -> AsyncIterator[bytes]:
        nonlocal pulled
        for _ in range(48):
            yield bytes(mib)
            pulled += 1

    async def script(service: Service, reader: Reader, writer: Writer) -> None:
        await service.head(reader)
        await over.wait()

    async with talking_to(make_upstream, script) as (upstream, _):
        with pytest.raises(UpstreamTimeoutError):
            await ask(upstream, replace(post(much(), length=48 * mib), patience=0.5))
        over.set()

        assert pulled < 24


async def test_a_reader_that_waits_slows_the_service(make_upstream: MakeUpstream) -> None:
    """An answer waits with who makes it, and is not kept on the way."""
    written, mib = 0, 1024 * 1024

    async def script(service: Service, reader: Reader, writer: Writer) -> None:
        nonlocal written
        await service.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (48 * mib))
        for _ in range(48):
            writer.write(bytes(mib))
            await writer.drain()
            written += 1

    async with talking_to(make_upstream, script) as (upstream, _):
        async with upstream.exchange(get(patience=PATIENCE)) as answer:
            await asyncio.sleep(0.5)
            before = written
            received = sum([len(chunk) async for chunk in answer.chunks()])

        assert before < 24
        assert received == 48 * mib


async def test_an_answer_without_length_ends_with_the_connection(
    make_upstream: MakeUpstream,
) -> None:
    async with talking_to(
        make_upstream, answering(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nall of it")
    ) as (upstream, _):
        assert await ask(upstream, get()) == b"all of it"


@pytest.mark.parametrize("status", [b"204 No Content", b"304 Not Modified"])
async def test_an_answer_that_has_no_body_ends_with_its_head(
    make_upstream: MakeUpstream, status: bytes
) -> None:
    async with talking_to(
        make_upstream, answering(b"HTTP/1.1 " + status + b"\r\netag: x\r\n\r\n")
    ) as (upstream, _):
        assert await ask(upstream, get()) == b""


async def test_the_answer_to_head_has_a_length_and_no_body(make_upstream: MakeUpstream) -> None:
    request = UpstreamRequest("HEAD", b"/x", [], PATIENCE)

    async def script(service: Service, reader: Reader, writer: Writer) -> None:
        for _ in range(2):
            await service.head(reader)
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 99\r\n\r\n")

    async with talking_to(make_upstream, script) as (upstream, service):
        bodies = [await ask(upstream, request), await ask(upstream, request)]

        assert bodies == [b"", b""]
        assert service.connections == 1


async def test_interim_answers_are_passed_over(make_upstream: MakeUpstream) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nlink: </x>\r\n\r\n"

    async with talking_to(make_upstream, answering(interim + OK)) as (upstream, _):
        assert await ask(upstream, get()) == b"ok"


async def test_nobody_listening_is_unreachable(make_upstream: MakeUpstream) -> None:
    server = await asyncio.start_server(lambda _r, _w: None, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    server.close()
    await server.wait_closed()
    upstream = make_upstream(f"http://127.0.0.1:{port}")

    with pytest.raises(UpstreamUnreachableError):
        await ask(upstream, get())

    await upstream.close()


async def test_silence_is_a_timeout(make_upstream: MakeUpstream) -> None:
    async def script(service: Service, reader: Reader, writer: Writer) -> None:
        await service.head(reader)
        await reader.read()

    async with talking_to(make_upstream, script) as (upstream, _):
        with pytest.raises(UpstreamTimeoutError):
            await ask(upstream, get(patience=0.05))


async def test_silence_in_the_middle_is_a_timeout_too(make_upstream: MakeUpstream) -> None:
    async def script(service: Service, reader: Reader, writer: Writer) -> None:
        await service.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf")
        await reader.read()

    async with talking_to(make_upstream, script) as (upstream, _):
        with pytest.raises(UpstreamTimeoutError):
            await ask(upstream, get(patience=0.05))


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-len",
        b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nfirst\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        b"this is not HTTP\r\n\r\n",
    ],
)
async def test_what_is_not_a_whole_answer_is_broken(
    make_upstream: MakeUpstream, answer: bytes
) -> None:
    async with talking_to(make_upstream, answering(answer)) as (upstream, _):
        with pytest.raises(UpstreamBrokenError):
            await ask(upstream, get())


async def test_a_request_is_sent_once_even_if_its_connection_breaks(
    make_upstream: MakeUpstream,
) -> None:
    async with talking_to(make_upstream, answering(b"")) as (upstream, service):
        with pytest.raises(UpstreamBrokenError):
            await ask(upstream, get())

        assert service.received.count(b"GET /x") == 1


async def test_a_connection_that_was_closed_meanwhile_is_not_used_again(
    make_upstream: MakeUpstream,
) -> None:
    async with talking_to(make_upstream, answering(OK)) as (upstream, service):
        for _ in range(3):
            assert await ask(upstream, get()) == b"ok"
            await asyncio.sleep(0.02)

        assert service.connections == 3


async def test_an_answer_that_was_abandoned_does_not_leak_into_the_next(
    make_upstream: MakeUpstream,
) -> None:
    async def script(service: Service, reader: Reader, writer: Writer) -> None:
        await service.head(reader)
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfirst")
        await service.head(reader)

    async with talking_to(make_upstream, script) as (upstream, service):
        async with upstream.exchange(get()) as answer:
            assert answer.status == 200
        async with upstream.exchange(get()) as answer:
            assert [chunk async for chunk in answer.chunks()] == [b"first"]

        assert service.connections == 2


async def test_what_the_body_raises_comes_through_and_ends_the_connection(
    make_upstream: MakeUpstream,
) -> None:
    closed = asyncio.Event()

    async def script(service: Service, reader: Reader, _writer: Writer) -> None:
        await service.head(reader)
        service.received += await reader.read()
        closed.set()

    async def too_much() -> AsyncIterator[bytes]:
        yield b"abc"
        raise BodyTooLargeError

    async with talking_to(make_upstream, script) as (upstream, service):
        with pytest.raises(BodyTooLargeError):
            await ask(upstream, post(too_much()))

        await until(closed.is_set)
        assert not service.received.endswith(b"0\r\n\r\n")


async def test_an_answer_that_comes_before_the_body_is_complete_is_heard(
    make_upstream: MakeUpstream,
) -> None:
    async def script(service: Service, reader: Reader, writer: Writer) -> None:
        await service.head(reader)
        writer.write(b"HTTP/1.1 413 Too Large\r\ncontent-length: 0\r\n\r\n")
        await reader.read()

    async with talking_to(make_upstream, script) as (upstream, _):
        body = parts(*[bytes(65536)] * 8)
        async with upstream.exchange(post(body)) as answer:
            assert answer.status == 413


async def test_a_connection_whose_body_was_cut_short_is_not_used_again() -> None:
    """The next request would be read as the rest of that body (S63)."""

    async def never_whole() -> AsyncIterator[bytes]:
        yield b"abc"
        await asyncio.Event().wait()

    async with talking_to(pooled_upstream, answering_ok) as (upstream, service):
        await ask(upstream, post(never_whole(), length=9))
        await ask(upstream, get())

        assert service.connections == 2


async def test_an_answer_that_nobody_asked_for_is_nobodys(
    make_upstream: MakeUpstream, request: pytest.FixtureRequest
) -> None:
    if make_upstream is httpx_upstream:
        reason = "httpcore gives what follows an answer to the next request"
        request.node.add_marker(pytest.mark.xfail(reason=reason))

    async def script(service: Service, reader: Reader, writer: Writer) -> None:
        await service.head(reader)
        writer.write(OK + b"HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nevil")
        await reader.read()

    async with talking_to(make_upstream, script) as (upstream, service):
        first = await ask(upstream, get())
        await asyncio.sleep(0.02)
        second = await ask(upstream, get())

        assert (first, second) == (b"ok", b"ok")
        assert service.connections == 2


async def test_a_value_never_becomes_a_line_of_its_own(make_upstream: MakeUpstream) -> None:
    request = UpstreamRequest("GET", b"/x", [(b"x-a", b"1\r\nx-user-id: 1")], 1)

    async with talking_to(make_upstream, answering_ok) as (upstream, service):
        with pytest.raises(UpstreamBrokenError):
            await ask(upstream, request)

        assert b"x-user-id" not in service.received


async def test_more_requests_than_connections_wait_for_one(make_upstream: MakeUpstream) -> None:
    all_busy, release = asyncio.Event(), asyncio.Event()

    async def script(service: Service, reader: Reader, writer: Writer) -> None:
        if service.connections == 4:
            all_busy.set()
        await release.wait()
        await answering_ok(service, reader, writer)

    async with talking_to(make_upstream, script) as (upstream, service):
        asking = [asyncio.create_task(ask(upstream, get())) for _ in range(6)]
        await until(all_busy.is_set)
        release.set()

        assert await asyncio.gather(*asking) == [b"ok"] * 6
        assert service.connections == 4


async def test_giving_up_waiting_abandons_the_exchange(make_upstream: MakeUpstream) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def script(service: Service, reader: Reader, _writer: Writer) -> None:
        await service.head(reader)
        asked.set()
        await reader.read()
        gone.set()

    async with talking_to(make_upstream, script) as (upstream, _):
        asking = asyncio.create_task(ask(upstream, get()))
        await until(asked.is_set)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking

        await until(gone.is_set)
