"""Run things together; the first failure is raised as it is, and nothing runs on."""

import asyncio
from collections.abc import Awaitable, Coroutine
from typing import Any


async def all_of(*works: Coroutine[Any, Any, Any]) -> None:
    """Return when all are done."""
    tasks = [asyncio.create_task(work) for work in works]
    await _guard(tasks, asyncio.gather(*tasks))


async def first_of(*works: Coroutine[Any, Any, Any]) -> None:
    """Return when one is done."""
    tasks = [asyncio.create_task(work) for work in works]
    await _guard(tasks, _first(tasks))


async def _first(tasks: list[asyncio.Task[Any]]) -> None:
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


async def _guard(tasks: list[asyncio.Task[Any]], end: Awaitable[Any]) -> None:
    try:
        await end
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
