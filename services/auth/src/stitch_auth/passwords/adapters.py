"""Threads for heavy computing that give way to the event loop."""

import asyncio
import os
import threading
from collections import deque
from collections.abc import AsyncGenerator, Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import TypeVar

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stitch_auth.passwords.errors import HashingBusyError
from stitch_common.http.app import MAX_BODY
from stitch_common.http.problems import problem_of

T = TypeVar("T")

NICENESS = 10
"""More than that of the event loop, whatever the process was started with."""


class Turns:
    """Lets a few work at once and some wait; who comes when too many wait is refused."""

    def __init__(self, *, at_once: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._room = at_once + waiting
        self._present = 0

    @asynccontextmanager
    async def take(self) -> AsyncGenerator[None]:
        """HashingBusyError if there is no room; it is known before anything is done."""
        if self._present >= self._room:
            raise HashingBusyError(headers={"retry-after": "1"})
        self._present += 1
        try:
            async with self._free:
                yield
        finally:
            self._present -= 1


class Doorkeeper:
    """Turns log-ins away that could only wait in vain, before anything is done for them.

    Who has not sent the whole form takes nobody's place: else a few who never do would keep
    everybody out. What comes at once is refused at once: two hundred forms that are parsed first,
    and refused then, hold up everybody else on the event loop for half a second.
    """

    def __init__(self, app: ASGIApp, *, path: str, room: int) -> None:
        self._app = app
        self._path = path
        self._room = room
        self._present = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].rstrip("/") != self._path:
            await self._app(scope, receive, send)
            return
        if not self._is_full:
            receive = await _whole(receive)
        if self._is_full:
            refusal = HashingBusyError(headers={"retry-after": "1"})
            await problem_of(refusal, scope["path"])(scope, receive, send)
            return
        self._present += 1
        try:
            await self._app(scope, receive, send)
        finally:
            self._present -= 1

    @property
    def _is_full(self) -> bool:
        return self._present >= self._room


async def _whole(receive: Receive) -> Receive:
    """The same body, when it is there; or the beginning of one that is too large anyway."""
    messages: deque[Message] = deque()
    size, has_more = 0, True
    while has_more and size <= MAX_BODY:
        messages.append(await receive())
        size += len(messages[-1].get("body", b""))
        has_more = messages[-1].get("more_body", False)

    async def again() -> Message:
        return messages.popleft() if messages else await receive()

    return again


class NicedThreads:
    """Runs a bounded number of computations at low priority; more than can wait are refused."""

    def __init__(self, *, threads: int, queue: int) -> None:
        self._room = threading.BoundedSemaphore(threads + queue)
        self._executor = ThreadPoolExecutor(
            threads, thread_name_prefix="hashing", initializer=_lower_priority
        )

    async def run(self, work: Callable[[], T]) -> T:
        """Compute in a thread; HashingBusyError if too many wait already."""
        if not self._room.acquire(blocking=False):
            raise HashingBusyError(headers={"retry-after": "1"})
        future: Future[T] = self._executor.submit(work)
        # Not in a `finally`: a caller who leaves does not stop the thread.
        future.add_done_callback(lambda _: self._room.release())
        return await asyncio.wrap_future(future)


def _lower_priority() -> None:
    # On Linux niceness belongs to a thread; 1 ms at p99 for the loop instead of 47 ms.
    os.nice(NICENESS)
