"""A Python program as a child of the fork server: its modules are imported once for all."""

import asyncio
import ctypes
import multiprocessing
import os
import runpy
import signal
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from multiprocessing import connection
from multiprocessing.context import ForkServerContext, ForkServerProcess
from pathlib import Path

from stitch_dev.errors import StackError

_PRELOAD = "stitch_dev.preload"
FORK_SERVER: ForkServerContext = multiprocessing.get_context("forkserver")


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


class NotPreloadedError(Exception):
    """The fork server could not import what the services share."""


def warm_up() -> None:
    """Start the fork server; it imports in the background while the servers start."""
    from multiprocessing import forkserver  # noqa: PLC0415 - it has no public way to start early

    FORK_SERVER.set_forkserver_preload([_PRELOAD])
    forkserver.ensure_running()


@dataclass(frozen=True)
class Program:
    """`python -m <module> <arguments>` with this environment and nothing of ours."""

    name: str
    module: str
    log: Path
    arguments: Sequence[str] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    ready_url: str = ""


class RunningProgram:
    """One process of a program."""

    def __init__(self, program: Program) -> None:
        self.program = program
        self.started_at = time.monotonic()
        self._process = self._start()

    @property
    def name(self) -> str:
        return self.program.name

    @property
    def pid(self) -> int:
        return self._process.pid or 0

    @property
    def sentinel(self) -> int:
        """Readable as soon as the process has ended."""
        return self._process.sentinel

    @property
    def exit_code(self) -> int | None:
        """Negative: the number of the signal that ended it."""
        return self._process.exitcode

    def terminate(self) -> None:
        self._process.terminate()

    def kill(self) -> None:
        self._process.kill()

    def join(self, timeout: float | None = None) -> None:
        self._process.join(timeout)

    def _start(self) -> ForkServerProcess:
        process = FORK_SERVER.Process(target=_run, args=(self.program,), name=self.name)
        process.start()
        return process


def _run(program: Program) -> None:
    """Become the program; runs in the child."""
    # Ctrl-C in the terminal is for the supervisor, which stops everything in order.
    os.setsid()
    _write_to(program.log)
    _end_with_supervisor()
    _check_preload()
    os.environ.clear()  # noqa: TID251 - the child's configuration is its environment
    os.environ.update(program.environment)  # noqa: TID251 - the same
    _name_process(f"stitch-{program.name}")
    sys.argv = [program.module, *program.arguments]
    runpy.run_module(program.module, run_name="__main__", alter_sys=True)


def _write_to(log: Path) -> None:
    with log.open("ab") as target:
        os.dup2(target.fileno(), sys.stdout.fileno())
        os.dup2(target.fileno(), sys.stderr.fileno())


def _end_with_supervisor() -> None:
    parent = multiprocessing.parent_process()
    if parent is None:
        return

    def wait_for_the_end(sentinel: int) -> None:
        connection.wait([sentinel])
        os.kill(os.getpid(), signal.SIGKILL)

    threading.Thread(
        target=wait_for_the_end, args=(parent.sentinel,), name="parent", daemon=True
    ).start()


def _check_preload() -> None:
    """Fail if this child had to import everything itself, which costs seconds and memory."""
    loaded = sys.modules.get(_PRELOAD)
    if loaded is None or os.getppid() != loaded.PROCESS:
        raise NotPreloadedError


def _name_process(name: str) -> None:
    """Show it in `ps` and `top`; without this all children are called python."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        set_name = 15
        libc.prctl(set_name, name.encode()[:15])
