"""One stack a folder: whoever holds the lock is it, and the lock falls with its process."""

import fcntl
import os
from pathlib import Path
from typing import IO

from stitch_dev.errors import StackError


class AlreadyRunningError(StackError):
    """Another process holds the lock."""


class Lock:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._file: IO[str] | None = None

    def acquire(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        file = self._path.open("a+")
        if not _locks(file):
            file.close()
            raise AlreadyRunningError(
                f"Stitch already runs (process {self.holder()}); `make stop` ends it."
            )
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        self._file = file

    def release(self) -> None:
        if self._file:
            self._file.close()
            self._file = None

    def holder(self) -> int | None:
        """Give the process that holds it now."""
        try:
            with self._path.open() as file:
                return None if _locks(file) else int(file.read() or 0)
        except FileNotFoundError:
            return None


def _locks(file: IO[str]) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
