"""Letting answers take as long whatever happened: an address stays a secret."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

from stitch_auth.evenness.rules import rest


@asynccontextmanager
async def evenly(
    step: timedelta, *, only_on: type[Exception] | None = None
) -> AsyncGenerator[None]:
    """End what happens within a step after it began, or several; or only what ends in this error.

    On a busy machine a single step can be too short: even then only whole ones show.
    """
    clock = asyncio.get_running_loop().time
    begun = clock()
    try:
        yield
    except Exception as error:
        if only_on is None or isinstance(error, only_on):
            await asyncio.sleep(rest(clock() - begun, step))
        raise
    if only_on is None:
        await asyncio.sleep(rest(clock() - begun, step))
