"""The command as an operator calls it, and a consumer that keeps what it sees."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from stitch_common.bus.consumer import Consumer, Patience
from stitch_common.bus.inbox import Received
from stitch_common.contracts.auth import UserVerified
from stitch_common.errors import ErrorKind, StitchError
from stitch_common.testing.clock import NOW

QUICK = Patience(tries=1, first_delay=timedelta(milliseconds=20))


class NotYetError(StitchError):
    """Somebody has to mend something first."""

    kind = ErrorKind.CONFLICT
    code = "not-yet"


class Reader:
    """A handler that refuses all until it is mended, and remembers what it has taken."""

    def __init__(self) -> None:
        self.is_mended = True
        self.taken: list[int] = []
        self.consumer = Consumer("auth-reader", patience=QUICK)
        self.consumer.on(UserVerified)(self.handle)

    async def handle(self, fact: UserVerified, _received: Received) -> None:
        if not self.is_mended:
            raise NotYetError
        self.taken.append(fact.user_id)


@pytest.fixture
def reader() -> Reader:
    return Reader()


@pytest.fixture
def broken(reader: Reader) -> Reader:
    reader.is_mended = False
    return reader


@pytest.fixture
def verified() -> Callable[[int], UserVerified]:
    return lambda user_id: UserVerified(user_id=user_id, version=1, at=NOW)


@dataclass(frozen=True)
class Said:
    """What a command has written, and how it has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


Stitch = Callable[..., Awaitable[Said]]


@pytest.fixture
def stitch(nats_url: str, tmp_path: Path) -> Stitch:
    """Call `stitch` in a process of its own, as an operator does."""

    async def stitch(*words: str, **environment: str) -> Said:
        child = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "stitch_operations", *words),
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            cwd=tmp_path,
            env={"STITCH_NATS_URL": nats_url, **environment},
        )
        out, err = await child.communicate()
        return Said(child.returncode or 0, out.decode(), err.decode())

    return stitch
