"""Waiting for what happens elsewhere, on machines that may be busy with something else."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from inspect import isawaitable

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
    """Fail when this takes longer than what is promised to users.

    Counted is only the time in which this process gets its turn: a busy machine breaks no promise.
    """
    async with asyncio.timeout(None) as limit:
        watching = asyncio.create_task(_expire(limit, seconds))
        try:
            yield
        finally:
            watching.cancel()


async def _answer(is_so: Callable[[], object | Awaitable[object]]) -> object:
    answer = is_so()
    return await answer if isawaitable(answer) else answer


async def _expire(limit: asyncio.Timeout, seconds: float) -> None:
    for _ in range(round(seconds / TICK)):
        await asyncio.sleep(TICK)
    limit.reschedule(asyncio.get_running_loop().time())
