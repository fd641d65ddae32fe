"""Waiting for what happens elsewhere, on machines that may be busy with something else."""

import asyncio
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from inspect import isawaitable
from threading import Event, Thread

PATIENCE = 60.0
"""Seconds until a test gives up; none waits so long unless it fails."""
TICK = 0.005


async def until(is_so: Callable[[], object | Awaitable[object]]) -> None:
    """Wait until another task, process or server has done its part."""
    async with asyncio.timeout(PATIENCE):
        while not await _answer(is_so):  # noqa: ASYNC110 - whoever does it cannot tell
            await asyncio.sleep(TICK)


@asynccontextmanager
async def promised(seconds: float) -> AsyncGenerator[None]:
    """Fail when this takes longer than what is promised to users, in this process's own time."""
    async with asyncio.timeout(None) as limit:
        with own_time() as clock:
            watching = asyncio.create_task(_expire(limit, clock, seconds))
            try:
                yield
            finally:
                watching.cancel()
            if clock() > seconds:
                raise TimeoutError


@contextmanager
def own_time() -> Generator[Callable[[], float]]:
    """Give a clock that stands still while the machine lets other processes have their turn.

    A thread counts its naps: nothing in this process holds it up, and all that slows the machine
    down slows it, too.
    """
    naps: list[None] = []
    is_over = Event()

    def count() -> None:
        while not is_over.is_set():
            time.sleep(TICK)
            naps.append(None)

    thread = Thread(target=count)
    thread.start()
    try:
        yield lambda: len(naps) * TICK
    finally:
        is_over.set()
        thread.join()


async def _answer(is_so: Callable[[], object | Awaitable[object]]) -> object:
    answer = is_so()
    return await answer if isawaitable(answer) else answer


async def _expire(limit: asyncio.Timeout, clock: Callable[[], float], seconds: float) -> None:
    while clock() <= seconds:  # noqa: ASYNC110 - a thread tells the time
        await asyncio.sleep(TICK)
    limit.reschedule(asyncio.get_running_loop().time())
