"""Bring the programs up: all at once, then wait until each is ready or one has failed."""

import asyncio
from collections.abc import Sequence

import httpx

from stitch_dev.concurrency import all_of, first_of
from stitch_dev.errors import StackError
from stitch_dev.program import Program
from stitch_dev.readiness import wait_until_ready, why_not_ready
from stitch_dev.supervisor import Supervisor

_READY_SECONDS = 60.0
_LOOK_EVERY = 0.1


async def start_all(
    supervisor: Supervisor, client: httpx.AsyncClient, programs: Sequence[Program]
) -> None:
    """Return when all are ready; raise StackError that says who is not, and why."""
    for program in programs:
        supervisor.start(program)
    ready = all_of(*(wait_until_ready(client, program.ready_url) for program in programs))
    try:
        async with asyncio.timeout(_READY_SECONDS):
            await first_of(ready, _fail_with_the_first(supervisor))
    except TimeoutError:
        raise StackError(await _complaint(client, programs)) from None


async def _fail_with_the_first(supervisor: Supervisor) -> None:
    while True:
        supervisor.check()
        await asyncio.sleep(_LOOK_EVERY)


async def _complaint(client: httpx.AsyncClient, programs: Sequence[Program]) -> str:
    reasons = {each.name: await why_not_ready(client, each.ready_url) for each in programs}
    listed = "; ".join(f"{name}: {reason}" for name, reason in reasons.items() if reason)
    return f"Not ready after {_READY_SECONDS:g} s: {listed}"
