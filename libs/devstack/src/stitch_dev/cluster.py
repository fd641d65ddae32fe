"""PostgreSQL's data folder: made whole or not at all, and checked before a start."""

import os
import secrets
import shutil
from pathlib import Path

from stitch_dev.daemon import Account, Command, spawn, wait_until
from stitch_dev.errors import StackError

MAJOR = "18"
ENVIRONMENT = {"LC_ALL": "C", "TZ": "UTC", "PATH": "/usr/bin:/bin"}
_END_SECONDS = 30
_READY_LINE = 7  # the eighth line of postmaster.pid is the server's state


class Cluster:
    def __init__(self, folder: Path, account: Account | None, *, fast: bool) -> None:
        self.folder = folder
        self._account = account
        self._fast = fast

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def log(self) -> Path:
        return self.folder / "postgres.log"

    @property
    def password(self) -> str:
        return self._password_file.read_text()

    @property
    def is_ready(self) -> bool:
        """A socket alone would greet us during crash recovery, too."""
        lines = _lines(self._pid_file)
        return len(lines) > _READY_LINE and lines[_READY_LINE].strip() == "ready"

    @property
    def last_words(self) -> str:
        return f"{next(reversed(_lines(self.log)), 'its log is empty')} ({self.log})"

    @property
    def _pid_file(self) -> Path:
        return self.data / "postmaster.pid"

    @property
    def _password_file(self) -> Path:
        return self.folder / "password"

    def make(self, initdb: Path) -> None:
        """Make it unless it is there; a half made one never gets the name that counts."""
        if self.data.exists():
            self._check_version()
            return
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(mode=0o700)
        self._give(fresh)
        self._make_password()
        if spawn(self._command(initdb, fresh)).wait() != 0:
            raise StackError(f"PostgreSQL's initdb failed: {self.last_words}")
        fresh.rename(self.data)

    def forget_stale_pid(self) -> None:
        """After a crash the old number may belong to anybody; after a kill it may still be ours."""
        if not wait_until(lambda: not self._is_running(), seconds=_END_SECONDS):
            raise StackError(f"PostgreSQL already runs in {self.data} (see {self._pid_file}).")
        self._pid_file.unlink(missing_ok=True)

    def _check_version(self) -> None:
        version = (self.data / "PG_VERSION").read_text().strip()
        if version != MAJOR:
            raise StackError(
                f"{self.data} was made by PostgreSQL {version}, not {MAJOR}: run `make reset`."
            )

    def _make_password(self) -> None:
        self._password_file.unlink(missing_ok=True)
        self._password_file.touch(mode=0o600)
        self._password_file.write_text(secrets.token_urlsafe(24))
        self._give(self._password_file)

    def _give(self, path: Path) -> None:
        if self._account:
            os.chown(path, self._account.uid, self._account.gid)

    def _command(self, initdb: Path, target: Path) -> Command:
        return Command(
            argv=[
                str(initdb),
                f"--pgdata={target}",
                "--username=postgres",
                f"--pwfile={self._password_file}",
                "--auth=scram-sha-256",
                "--encoding=UTF8",
                "--no-locale",
                "--locale-provider=builtin",
                "--builtin-locale=C.UTF-8",
                *(["--no-sync"] if self._fast else []),
            ],
            log=self.log,
            account=self._account,
            environment=ENVIRONMENT,
        )

    def _is_running(self) -> bool:
        first = next(iter(_lines(self._pid_file)), "")
        try:
            return Path(f"/proc/{int(first)}/comm").read_text().strip() == "postgres"
        except (ValueError, OSError):
            return False


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(errors="replace").splitlines()
    except FileNotFoundError:
        return []
