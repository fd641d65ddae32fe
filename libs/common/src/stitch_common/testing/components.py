"""Parts of a process, each run by itself."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial

from stitch_common.runtime import Component
from stitch_common.testing.waiting import until


@asynccontextmanager
async def running(component: Component) -> AsyncGenerator[None]:
    """Run this part meanwhile: from when it is ready until it has ended in order."""
    stop = asyncio.Event()
    task = asyncio.create_task(component.run(stop))
    try:
        await until(partial(_is_ready, component, task))
        yield
    finally:
        stop.set()
        await task


async def _is_ready(component: Component, task: asyncio.Task[None]) -> bool:
    return task.done() or await component.ready() is None
