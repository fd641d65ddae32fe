"""Load for a gateway: wrk where it is installed, else a small generator of our own."""

import asyncio
import re
import shutil
import statistics
import time
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial

import httptools

WRK = shutil.which("wrk")
UNITS = {"us": 1e-3, "ms": 1.0, "s": 1e3}
BATCH = 50
UPLOAD, PART, PAUSE = 1024 * 1024, 16 * 1024, 0.05


@dataclass(frozen=True, slots=True)
class Load:
    """What came of one round; times in milliseconds."""

    requests: int
    seconds: float
    p50: float
    p99: float


@dataclass(frozen=True, slots=True)
class Target:
    """What everybody is asked."""

    port: int
    path: str
    token: str

    @property
    def get(self) -> bytes:
        return self._head("GET") + b"\r\n"

    @property
    def put(self) -> bytes:
        return self._head("PUT") + b"Content-Length: %d\r\n\r\n" % UPLOAD

    def _head(self, method: str) -> bytes:
        return (
            f"{method} {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            f"Authorization: Bearer {self.token}\r\n"
        ).encode()


async def load(target: Target, *, connections: int, seconds: float) -> Load:
    """Ask as fast as answers come; an answer other than 200 ends the benchmark."""
    if WRK is None:
        return await _own(target, connections, seconds)
    url = f"http://127.0.0.1:{target.port}{target.path}"
    arguments = ["-t1", f"-c{connections}", f"-d{seconds:.0f}s", "--latency", "--timeout=20s"]
    arguments += ["-H", f"Authorization: Bearer {target.token}", url]
    wrk = await asyncio.create_subprocess_exec(WRK, *arguments, stdout=asyncio.subprocess.PIPE)
    output = (await wrk.communicate())[0].decode()
    ended = re.search(r"(\d+) requests in ([\d.]+)(m|s)", output)
    assert ended, output
    assert "Non-2xx" not in output, output
    assert "Socket errors" not in output, output
    return Load(int(ended[1]), float(ended[2]), _quantile(output, 50), _quantile(output, 99))


def _quantile(output: str, percent: int) -> float:
    found = re.search(rf"^ +{percent}% +([\d.]+)(us|ms|s) *$", output, re.MULTILINE)
    assert found, output
    return float(found[1]) * UNITS[found[2]]


class _Client(asyncio.Protocol):
    def __init__(self, request: bytes, until: float, times: list[float]) -> None:
        self._request = request
        self._until = until
        self._times = times
        self._parser = httptools.HttpResponseParser(self)
        self.ended = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._ask()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        now = time.perf_counter()
        assert self._parser.get_status_code() == 200
        self._times.append(now - self._asked)
        if now < self._until:
            self._ask()
        else:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's
        self.ended.set_result(None)

    def _ask(self) -> None:
        self._asked = time.perf_counter()
        self._transport.write(self._request)  # type: ignore[attr-defined]


async def _own(target: Target, connections: int, seconds: float) -> Load:
    times: list[float] = []
    begun = time.perf_counter()
    loop, clients = asyncio.get_running_loop(), []
    for _ in range(connections):
        _, client = await loop.create_connection(
            partial(_Client, target.get, begun + seconds, times), "127.0.0.1", target.port
        )
        clients.append(client)
    await asyncio.gather(*(client.ended for client in clients))
    cuts = statistics.quantiles(times, n=100)
    return Load(len(times), time.perf_counter() - begun, cuts[49] * 1e3, cuts[98] * 1e3)


@asynccontextmanager
async def idle(target: Target, connections: int) -> AsyncGenerator[None]:
    """Meanwhile this many connections are open, each of which has had one answer."""
    async with AsyncExitStack() as open_ones:
        for _ in range(0, connections, BATCH):
            batch = await asyncio.gather(*(_asked_once(target) for _ in range(BATCH)))
            for writer in batch:
                open_ones.callback(writer.close)
        yield


async def _asked_once(target: Target) -> asyncio.StreamWriter:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    writer.write(target.get)
    await _expect_success(reader)
    return writer


async def slow_uploads(target: Target, uploads: int) -> None:
    """A MiB each, in small parts with pauses; all are answered."""
    await asyncio.gather(*(_upload(target) for _ in range(uploads)))


async def _upload(target: Target) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", target.port)
    writer.write(target.put)
    for _ in range(UPLOAD // PART):
        writer.write(b"x" * PART)
        await writer.drain()
        await asyncio.sleep(PAUSE)
    await _expect_success(reader)
    writer.close()


async def _expect_success(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = re.search(rb"content-length: (\d+)", head.lower())
    assert length, head
    await reader.readexactly(int(length[1]))
