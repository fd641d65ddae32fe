"""Replicas of a service on addresses of their own, at one port, as a name in DNS gives them."""

import asyncio
from asyncio import StreamReader, StreamWriter
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from random import Random

from stitch_common.testing.waiting import PATIENCE
from stitch_gateway.balancing.addresses import Addresses
from stitch_gateway.balancing.service import BalancedUpstream
from stitch_gateway.balancing.sites import Place
from stitch_gateway.proxying.pool import PooledUpstream
from stitch_gateway.proxying.upstream import Upstream, UpstreamRequest

OK = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"
CRASH = b"HTTP/1.1 500 Internal Server Error\r\ncontent-length: 0\r\n\r\n"
REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\n"
    b"content-length: 2\r\n\r\n{}"
)
OUTAGE = b"HTTP/1.1 503 Service Unavailable\r\ncontent-length: 0\r\n\r\n"
BREAK_OFF = b""


@dataclass
class Replica:
    """One process of a service; it answers every head with the same bytes, or breaks off."""

    address: str
    answer: bytes = OK
    delay: float = 0
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[bytes] = field(default_factory=list)
    connections: int = 0
    server: asyncio.Server | None = None
    _writers: set[StreamWriter] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.may_answer.set()

    async def start(self, port: int) -> int:
        self.server = await asyncio.start_server(self._serve, self.address, port)
        return int(self.server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        if self.server is not None:
            self.server.close()
            for writer in list(self._writers):
                writer.close()
            await self.server.wait_closed()
            self.server = None

    async def _serve(self, reader: StreamReader, writer: StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            with suppress(asyncio.IncompleteReadError, ConnectionError):
                await self._answer_all(reader, writer)
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _answer_all(self, reader: StreamReader, writer: StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            self.asked.append(head.split(b" ")[0])
            await asyncio.sleep(self.delay)
            await self.may_answer.wait()
            writer.write(self.answer)
            if self.answer == BREAK_OFF:
                return


class Seconds:
    """A clock that goes when it is told to."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class DNS:
    """What a name stands for at the moment; nothing makes it fail, and it can fall silent."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = list(addresses)
        self.asked = 0
        self.answers = asyncio.Event()
        self.answers.set()

    async def __call__(self, host: str, port: int) -> Sequence[str]:
        self.asked += 1
        await self.answers.wait()
        if not self.addresses:
            raise OSError
        return list(self.addresses)


async def knock(place: Place) -> bool:
    try:
        _, writer = await asyncio.open_connection(place.address, place.site.port)
    except OSError:
        return False
    writer.close()
    return True


@dataclass
class House:
    """A service at several addresses, and the gateway's way to it."""

    replicas: list[Replica]
    dns: DNS
    clock: Seconds
    port: int
    upstream: BalancedUpstream

    @property
    def asked(self) -> list[int]:
        """Requests that reached each replica."""
        return [len(replica.asked) for replica in self.replicas]


@asynccontextmanager
async def house_of(number: int, *, is_named: bool = True) -> AsyncGenerator[House]:
    async with AsyncExitStack() as stack:
        replicas = [Replica(f"127.0.0.{last}") for last in range(11, 11 + number)]
        port = 0
        for replica in replicas:
            port = await replica.start(port)
            stack.push_async_callback(replica.stop)
        dns, clock = DNS(*(replica.address for replica in replicas)), Seconds()
        urls = [f"http://{replica.address}:{port}" for replica in replicas]
        named = [f"http://events-api:{port}"]
        upstream = balanced(named if is_named else urls, dns, clock)
        stack.push_async_callback(upstream.close)
        yield House(replicas, dns, clock, port, upstream)


def balanced(urls: Sequence[str], dns: DNS, clock: Seconds) -> BalancedUpstream:
    def make(place: Place) -> Upstream:
        return PooledUpstream(
            place.site.url,
            address=place.address,
            connections=50,
            connect_timeout=timedelta(seconds=PATIENCE),
        )

    random = Random(7).random  # noqa: S311 - the same in every run
    addresses = Addresses(
        "events", urls, make, resolve=dns, knock=knock, clock=clock, random=random
    )
    return BalancedUpstream("events", addresses, clock=clock)


def get(*, patience: float = PATIENCE) -> UpstreamRequest:
    return UpstreamRequest("GET", b"/x", [], patience)


def post() -> UpstreamRequest:
    return UpstreamRequest("POST", b"/x", [], PATIENCE)


async def ask(upstream: Upstream, request: UpstreamRequest | None = None) -> int:
    """The status of the answer, read to its end."""
    async with upstream.exchange(request or get()) as answer:
        async for _ in answer.chunks():
            pass
        return answer.status
