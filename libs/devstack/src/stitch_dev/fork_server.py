"""The fork server: it imports what all programs share, once, and each child begins with that."""

import asyncio
import multiprocessing
import threading
from contextlib import suppress
from multiprocessing.context import ForkServerContext

from stitch_dev.errors import StackError

FORK_SERVER: ForkServerContext = multiprocessing.get_context("forkserver")
PRELOAD = "stitch_dev.preload"


def warm_up() -> None:
    """Start the fork server; it imports in the background while the servers start."""
    from multiprocessing import forkserver  # noqa: PLC0415 - it has no public way to start early

    FORK_SERVER.set_forkserver_preload([PRELOAD])
    forkserver.ensure_running()


async def warmed_up() -> None:
    """Return when the fork server is ready; it would block the loop to start a program earlier."""
    loop = asyncio.get_running_loop()
    answer: asyncio.Future[None] = loop.create_future()

    def ask() -> None:
        failure = _try_fork_server()
        with suppress(RuntimeError):  # nobody waits any more
            loop.call_soon_threadsafe(_settle, answer, failure)

    threading.Thread(target=ask, name="warm-up", daemon=True).start()
    await answer


def _try_fork_server() -> Exception | None:
    try:
        process = FORK_SERVER.Process(target=_do_nothing)
        process.start()
        process.join()
    except (OSError, EOFError) as failure:
        return StackError(f"The services could not be imported (see above): {failure!r}")
    return None


def _do_nothing() -> None:
    """Give the fork server something to start."""


def _settle(answer: asyncio.Future[None], failure: Exception | None) -> None:
    if answer.cancelled():
        return
    if failure:
        answer.set_exception(failure)
    else:
        answer.set_result(None)
