"""A real PostgreSQL 18 from its wheel, for development and tests."""

import fcntl
import os
import secrets
import shutil
import signal
import subprocess
from pathlib import Path
from typing import IO

from stitch_dev.binaries import postgres_installation
from stitch_dev.daemon import Account, Command, spawn, stop, wait_until
from stitch_dev.errors import StackError
from stitch_dev.placement import reachable_folder
from stitch_dev.ports import HOST, find_free, is_free

_MAJOR = "18"
_NOBODY = Account(uid=65534, gid=65534)
_ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}
_READY_LINE = 7  # the eighth line of postmaster.pid is the server's state
_START_SECONDS = 30
_ATTEMPTS = 20

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
        self._account = _NOBODY if os.geteuid() == 0 else None
        self._wanted = folder
        self._folder = reachable_folder(folder, self._account)
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None

    @property
    def data(self) -> Path:
        return self._folder / "data"

    @property
    def log(self) -> Path:
        return self._folder / "postgres.log"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.poll() is None else None

    @property
    def dsn(self) -> str:
        password = (self._folder / "password").read_text()
        return f"postgresql://postgres:{password}@{HOST}:{self.port}/postgres"

    def start(self) -> None:
        """Return when the server takes connections; raise StackError if it can't."""
        self._take_lock()
        try:
            self._installation = postgres_installation(self._account)
            self._make_database()
            self._forget_stale_pid()
            self._run()
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        if self._process:
            # SIGTERM would wait for ever for the clients to leave; SIGINT sends them away.
            stop(self._process, signal.SIGINT, signal.SIGQUIT)
            self._process = None
        if self._lock:
            self._lock.close()
            self._lock = None

    def remove(self) -> None:
        """Delete the stopped server's folder with all data."""
        self.stop()
        for folder in (self._folder, self._wanted):
            shutil.rmtree(folder, ignore_errors=True)

    def _take_lock(self) -> None:
        self._lock = (self._folder / "lock").open("w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._lock.close()
            self._lock = None
            raise StackError(
                f"Another process already runs PostgreSQL in {self._folder}."
            ) from None

    def _make_database(self) -> None:
        if self.data.exists():
            self._check_version()
            return
        fresh = self._folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self._give(fresh)
        self._initdb(fresh)
        # Only a finished initdb gets the name that the next start trusts.
        fresh.rename(self.data)

    def _check_version(self) -> None:
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != _MAJOR:
            raise StackError(
                f"{self.data} was made by PostgreSQL {version}, not {_MAJOR}: run `make reset`."
            )

    def _initdb(self, target: Path) -> None:
        password = self._folder / "password"
        password.unlink(missing_ok=True)
        password.touch(mode=0o600)
        password.write_text(secrets.token_urlsafe(24))
        self._give(password)
        command = Command(
            argv=[
                str(self._installation / "bin/initdb"),
                f"--pgdata={target}",
                "--username=postgres",
                f"--pwfile={password}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-locale",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                *(["--no-sync"] if self._fast else []),
            ],
            log=self.log,
            account=self._account,
            environment=_ENVIRONMENT,
        )
        if spawn(command).wait() != 0:
            raise StackError(f"PostgreSQL's initdb failed: {_last_line(self.log)} ({self.log})")

    def _give(self, path: Path) -> None:
        if self._account:
            os.chown(path, self._account.uid, self._account.gid)

    def _forget_stale_pid(self) -> None:
        """After a crash the old number may belong to anybody; after a kill it may still be ours."""
        pid_file = self.data / "postmaster.pid"
        if not wait_until(lambda: not _runs_postgres(pid_file), seconds=_START_SECONDS):
            raise StackError(f"PostgreSQL already runs in {self.data} (see {pid_file}).")
        pid_file.unlink(missing_ok=True)

    def _run(self) -> None:
        for _ in range(_ATTEMPTS):
            self._choose_port()
            seen = self.log.stat().st_size if self.log.exists() else 0
            self._process = spawn(self._command())
            if wait_until(self._is_settled, seconds=_START_SECONDS) and self.pid:
                return
            complaint = self.log.read_text(errors="replace")[seen:]
            if not self._may_pass(complaint):
                break
        raise StackError(f"PostgreSQL did not start: {_last_line(self.log)} ({self.log})")

    def _choose_port(self) -> None:
        if self._picks_port:
            self.port = find_free()
        elif not is_free(self.port):
            raise StackError(f"Port {self.port}, which PostgreSQL needs, is busy.")

    def _may_pass(self, complaint: str) -> bool:
        """Tell whether to try again: a killed server's children hold its memory for moments."""
        if "shared memory block" in complaint and "still in use" in complaint:
            wait_until(lambda: False, seconds=0.25)
            return True
        return self._picks_port and "could not bind" in complaint

    def _command(self) -> Command:
        settings = _SETTINGS | {"port": str(self.port)}
        settings |= _UNSAFE_FAST_SETTINGS if self._fast else {}
        options = [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]
        return Command(
            argv=[str(self._installation / "bin/postgres"), "-D", str(self.data), *options],
            log=self.log,
            account=self._account,
            on_parent_death=signal.SIGINT,
            environment=_ENVIRONMENT,
        )

    def _is_settled(self) -> bool:
        """Ready, or given up; a socket alone would also greet us during crash recovery."""
        if self.pid is None:
            return True
        lines = _lines(self.data / "postmaster.pid")
        return len(lines) > _READY_LINE and lines[_READY_LINE].strip() == "ready"


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text().splitlines()
    except FileNotFoundError:
        return []


def _runs_postgres(pid_file: Path) -> bool:
    first = next(iter(_lines(pid_file)), "")
    try:
        return Path(f"/proc/{int(first)}/comm").read_text().strip() == "postgres"
    except (ValueError, OSError):
        return False


def _last_line(log: Path) -> str:
    return next(reversed(_lines(log)), "its log is empty")
