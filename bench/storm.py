"""A storm of log-ins: how long other routes of auth take while two hundred log in at once (S45)."""

import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode, urlsplit

import httpx
from bench.harness import Benchmark, Ratio, report

ROOT = Path(__file__).parents[1]
PORT_BASE = 26500
LOG_INS = 200
QUIET_SECONDS, PAUSE_SECONDS = 2.0, 0.005
ROUNDS = 5
statuses: Counter[str] = Counter()


@contextmanager
def running_stack() -> Generator[dict[str, Any]]:
    """A system of our own, as `make start` makes it."""
    with TemporaryDirectory(prefix="storm-") as home:
        ours = {"STITCH_DEV_HOME": home, "STITCH_DEV_PORT_BASE": str(PORT_BASE)}
        run = [sys.executable, "-m", "stitch_dev"]
        everything = {**os.environ, **ours}  # noqa: TID251 - handed on to the system
        begin, end = [*run, "start"], [*run, "stop"]
        subprocess.run(begin, cwd=ROOT, env=everything, check=True, capture_output=True)  # noqa: S603 - ours
        try:
            yield json.loads((Path(home) / "dev.json").read_text())
        finally:
            subprocess.run(end, cwd=ROOT, env=everything, check=True)  # noqa: S603 - ours


async def ask(address: tuple[str, int], request: bytes) -> str:
    """The status of the answer to one request on a connection of its own."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(request)
        return (await reader.readline()).split()[1].decode()
    finally:
        writer.close()


def log_in(name: str) -> bytes:
    """Of somebody whom nobody knows: their password is computed like any other."""
    body = urlencode({"username": name, "password": "a-password-of-nobody"})
    return (
        "POST /api/auth/token HTTP/1.1\r\nHost: auth\r\nConnection: close\r\n"
        "Content-Type: application/x-www-form-urlencoded\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    ).encode()


class Visitor:
    """Somebody who looks at their profile, again and again."""

    def __init__(self, address: tuple[str, int], token: str) -> None:
        self._address = address
        self._request = (
            "GET /api/auth/me HTTP/1.1\r\nHost: auth\r\nConnection: close\r\n"
            f"Authorization: Bearer {token}\r\n\r\n"
        ).encode()

    async def p95_until(self, is_over: asyncio.Event) -> float:
        """In milliseconds."""
        seconds = []
        while not is_over.is_set():
            before = time.perf_counter()
            assert await ask(self._address, self._request) == "200"
            seconds.append(time.perf_counter() - before)
            await asyncio.sleep(PAUSE_SECONDS)
        return 1000 * statistics.quantiles(seconds, n=20)[18]


async def main() -> None:
    with running_stack() as stack:
        auth = urlsplit(stack["gateway"])
        address = (str(auth.hostname), int(auth.port or 0) + 1)
        viewer = {**stack["users"]["viewer"]}
        async with httpx.AsyncClient(base_url=stack["gateway"]) as gateway:
            answer = await gateway.post("/api/auth/token", data=viewer)
        visitor = Visitor(address, answer.json()["access_token"])

        async def quiet() -> float:
            is_over = asyncio.Event()
            asyncio.get_running_loop().call_later(QUIET_SECONDS, is_over.set)
            return await visitor.p95_until(is_over)

        async def storm() -> float:
            is_over = asyncio.Event()
            looking = asyncio.create_task(visitor.p95_until(is_over))
            names = [f"nobody-{time.monotonic_ns()}-{n}" for n in range(LOG_INS)]
            statuses.update(await asyncio.gather(*(ask(address, log_in(name)) for name in names)))
            is_over.set()
            return await looking

        benchmark = Benchmark(
            f"p95 of GET /me while {LOG_INS} log in at once",
            "ms",
            {"quiet": quiet, "storm": storm, "promised": promised},
            {
                "storm to what is promised": Ratio("storm", "promised", ("<=", 1.0)),
                "storm to quiet": Ratio("storm", "quiet"),
            },
            rounds=ROUNDS,
        )
        await benchmark.run()
        report("storm", [benchmark])
        sys.stderr.write(f"log-ins by status: {dict(statuses)}\n")


async def promised() -> float:
    return 100.0


if __name__ == "__main__":
    asyncio.run(main())
