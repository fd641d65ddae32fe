"""A real PostgreSQL 18 from its wheel, for development and tests."""

import fcntl
import os
import shutil
import signal
import subprocess
from pathlib import Path
from typing import IO

from stitch_dev.binaries import postgres_installation
from stitch_dev.cluster import ENVIRONMENT, Cluster
from stitch_dev.daemon import Account, Command, spawn, stop, wait_until
from stitch_dev.errors import StackError
from stitch_dev.placement import reachable_folder
from stitch_dev.ports import HOST, find_free, is_free

_NOBODY = Account(uid=65534, gid=65534)
_START_SECONDS = 30
_ATTEMPTS = 20
_PAUSE = 0.25

_SETTINGS = {
    "listen_addresses": HOST,
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # A transaction left open holds every relay back.
    "idle_in_transaction_session_timeout": "60s",
}

# A power cut destroys such a database, so they are for tests only.
_UNSAFE_FAST_SETTINGS = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
}


class EmbeddedPostgres:
    """One server on one folder; a second start on the same folder is refused.

    It ends with the thread that started it (PR_SET_PDEATHSIG), so start it in the main one.
    """

    def __init__(self, folder: Path, port: int = 0, *, fast: bool = False) -> None:
        self.port = port
        self._fast = fast
        self._picks_port = port == 0
        # PostgreSQL refuses to run as root.
        self._account = _NOBODY if os.geteuid() == 0 else None
        self._wanted = folder
        self._cluster = Cluster(reachable_folder(folder, self._account), self._account, fast=fast)
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    @property
    def data(self) -> Path:
        return self._cluster.data

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def dsn(self) -> str:
        return f"postgresql://postgres:{self._cluster.password}@{HOST}:{self.port}/postgres"

    def start(self) -> None:
        """Return when the server takes connections; raise StackError if it can't."""
        self._take_lock()
        try:
            binaries = postgres_installation(self._account) / "bin"
            self._cluster.make(binaries / "initdb")
            self._cluster.forget_stale_pid()
            self._run(binaries / "postgres")
        except BaseException:
            self.stop()
            raise

    def stop(self, *, patience: float = 5) -> None:
        if self._process:
            # SIGTERM would wait for ever for the clients to leave; SIGINT sends them away.
            stop(self._process, signal.SIGINT, signal.SIGQUIT, patience=patience)
            self._process = None
        if self._lock:
            self._lock.close()
            self._lock = None

    def remove(self) -> None:
        """Delete the stopped server's folder with all data."""
        self.stop()
        for folder in (self._cluster.folder, self._wanted):
            shutil.rmtree(folder, ignore_errors=True)

    def _take_lock(self) -> None:
        folder = self._cluster.folder
        self._lock = (folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            self._lock = None
            raise StackError(f"Another process already runs PostgreSQL in {folder}.") from None

    def _run(self, binary: Path) -> None:
        log = self._cluster.log
        for _ in range(_ATTEMPTS):
            self._choose_port()
            seen = log.stat().st_size if log.exists() else 0
            self._process = spawn(self._command(binary))
            if wait_until(self._is_settled, seconds=_START_SECONDS) and self.pid:
                return
            if not self._may_pass(log.read_text(errors="replace")[seen:]):
                break
        raise StackError(f"PostgreSQL did not start: {self._cluster.last_words}")

    def _choose_port(self) -> None:
        if self._picks_port:
            self.port = find_free()
        elif not is_free(self.port):
            raise StackError(f"Port {self.port}, which PostgreSQL needs, is busy.")

    def _is_settled(self) -> bool:
        return self.pid is None or self._cluster.is_ready

    def _may_pass(self, complaint: str) -> bool:
        """Tell whether to try again: a killed server's children hold its memory for moments."""
        if "shared memory block" in complaint and "still in use" in complaint:
            wait_until(lambda: False, seconds=_PAUSE)
            return True
        return self._picks_port and "could not bind" in complaint

    def _command(self, binary: Path) -> Command:
        settings = _SETTINGS | {"port": str(self.port)}
        settings |= _UNSAFE_FAST_SETTINGS if self._fast else {}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Command(
            argv=[str(binary), "-D", str(self.data), *options],
            log=self._cluster.log,
            account=self._account,
            on_parent_death=signal.SIGINT,
            environment=ENVIRONMENT,
        )
