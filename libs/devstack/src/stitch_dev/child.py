"""What a child of the fork server does to become its program."""

import ctypes
import multiprocessing
import os
import runpy
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing import connection
from pathlib import Path

from stitch_dev.fork_server import PRELOAD

_PR_SET_NAME = 15


class NotPreloadedError(Exception):
    """The fork server could not import what the services share."""


def become(
    name: str, module: str, arguments: Sequence[str], environment: Mapping[str, str], log: Path
) -> None:
    """Run `python -m <module> <arguments>` with this environment, and end with the supervisor."""
    # Ctrl-C in the terminal is for the supervisor, which stops everything in order.
    os.setsid()
    _write_to(log)
    _end_with_supervisor()
    _check_preload()
    os.environ.clear()  # noqa: TID251 - the child's configuration is its environment
    os.environ.update(environment)  # noqa: TID251 - the same
    _name_process(f"stitch-{name}")
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


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
    loaded = sys.modules.get(PRELOAD)
    if loaded is None or os.getppid() != loaded.PROCESS:
        raise NotPreloadedError


def _name_process(name: str) -> None:
    """Show it in `ps` and `top`; without this all children are called python."""
    libc = ctypes.CDLL(None)
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_NAME, name.encode()[:15])
