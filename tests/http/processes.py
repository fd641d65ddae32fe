"""Services as processes of their own."""

import asyncio
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from tests.http.wire import connected

from stitch_common.testing.waiting import PATIENCE
from stitch_dev.ports import find_free

ROOT = Path(__file__).parents[2]
START = 60
"""Seconds that a process may take to begin on a busy machine."""
SERVICE = ("-m", "tests.http.recording_service")
GATEWAY = ("-m", "stitch_gateway")


@dataclass(frozen=True, slots=True)
class Running:
    """A process that serves."""

    process: asyncio.subprocess.Process
    port: int
    ops_port: int

    def terminate(self) -> None:
        self.process.send_signal(signal.SIGTERM)

    async def is_draining(self) -> bool:
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"http://127.0.0.1:{self.ops_port}/readyz")
        return answer.status_code == 503 and answer.json()["checks"]["process"] == "draining"

    async def ended(self) -> int:
        async with asyncio.timeout(PATIENCE):
            return await self.process.wait()


@asynccontextmanager
async def running(*command: str, **settings: str) -> AsyncGenerator[Running]:
    port, ops_port = find_free(), find_free()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *command,
        "api",
        cwd=ROOT,
        env={
            "PYTHONPATH": str(ROOT),
            "STITCH_ENVIRONMENT": "test",
            "STITCH_LISTEN_PORT": str(port),
            "STITCH_OPS_PORT": str(ops_port),
            "STITCH_NATS_URL": "nats://127.0.0.1:1",
            **settings,
        },
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        await _listens(port)
        yield Running(process, port, ops_port)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def _listens(port: int) -> None:
    async with asyncio.timeout(START):
        while True:
            try:
                async with connected(port):
                    return
            except OSError:
                await asyncio.sleep(0.1)
