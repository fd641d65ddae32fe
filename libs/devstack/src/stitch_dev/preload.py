"""Import what the children need, once; the fork server imports this module before it forks."""

import ctypes
import gc
import importlib
import os
import signal
import sys
import threading
from contextlib import suppress

from stitch_dev.daemon import ask_for_signal
from stitch_dev.services import SERVICES

# What is imported only when a process starts to work.
_LATE = ("asyncpg", "httptools", "sqlalchemy.dialects.postgresql.asyncpg", "uvicorn", "uvloop")

# The terminal's Ctrl-C reaches this process, too, but the supervisor decides what it means, and
# only its end ends this process, also in the middle of the imports.
signal.signal(signal.SIGINT, signal.SIG_IGN)
ask_for_signal(ctypes.CDLL(None), signal.SIGKILL)

PROCESS = os.getpid()
"""Who imported all this: for a child, its parent."""


class ThreadsAtImportError(Exception):
    """A module started a thread when it was imported; a fork would lose it, perhaps with a lock."""


def _load() -> None:
    # Imports make little garbage, and looking for it takes a quarter of their time.
    gc.disable()
    for module in (*_LATE, "stitch_dev.mailcatcher.app"):
        importlib.import_module(module)
    for service in SERVICES:
        main = f"{service.module}.__main__"
        # The child that runs it fails in the same way, and its log shows why.
        with suppress(Exception):
            importlib.import_module(main)
        sys.modules.pop(main, None)
    if threading.active_count() > 1:
        raise ThreadsAtImportError(threading.enumerate())
    # The children share these pages as long as nobody writes to them.
    gc.freeze()
    gc.enable()


_load()
