"""What a developer may change about the stack, and where it keeps its files."""

import shutil
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from stitch_dev.ports import HOST

REPOSITORY = Path(__file__).resolve().parents[4]

_OPS_OFFSET = 1000
_FIRST_PORT = 8000
_LARGEST_LOG = 10_000_000


class DevSettings(BaseSettings):
    """`STITCH_DEV_HOME` and `STITCH_DEV_PORT_BASE` let a second stack run beside the first."""

    model_config = SettingsConfigDict(env_prefix="STITCH_DEV_", extra="ignore")

    home: Path = REPOSITORY / ".stitch"
    # Every port must stay below 32768, where those of outgoing connections begin.
    port_base: int | None = Field(default=None, ge=1024, le=31_000)
    services: str = ""
    """Names separated by commas: start only these, for example beside a debugger."""


@dataclass(frozen=True)
class Ports:
    first: int = _FIRST_PORT
    """The gateway's; the services follow."""
    page: int = 8025
    smtp: int = 1025
    nats: int = 4222
    postgres: int = 5433

    @classmethod
    def of(cls, settings: DevSettings) -> "Ports":
        base = settings.port_base
        if base is None:
            return cls()
        return cls(first=base, page=base + 25, smtp=base + 26, nats=base + 42, postgres=base + 54)

    def api(self, offset: int) -> int:
        return self.first + offset

    def ops(self, offset: int) -> int:
        return self.api(offset) + _OPS_OFFSET

    @property
    def gateway_url(self) -> str:
        # Browsers treat cookies of localhost as those of a secure page, those of 127.0.0.1 not.
        return f"http://localhost:{self.first}"

    @property
    def page_url(self) -> str:
        return f"http://localhost:{self.page}"

    @property
    def nats_url(self) -> str:
        return f"nats://{HOST}:{self.nats}"


@dataclass(frozen=True)
class Home:
    """The git-ignored folder with everything that the stack writes."""

    folder: Path

    @property
    def logs(self) -> Path:
        return self.folder / "logs"

    @property
    def secrets(self) -> Path:
        return self.folder / "secrets.json"

    @property
    def description(self) -> Path:
        """Where scripts find everything; it exists only while all is ready."""
        return self.folder / "dev.json"

    @property
    def lock(self) -> Path:
        return self.folder / "supervisor.lock"

    @property
    def processes(self) -> Path:
        return self.folder / "processes.json"

    @property
    def _seed_mark(self) -> Path:
        return self.folder / "seeded"

    @property
    def is_seeded(self) -> bool:
        return self._seed_mark.exists()

    @property
    def postgres(self) -> Path:
        return self.folder / "postgres"

    @property
    def nats(self) -> Path:
        return self.folder / "nats"

    def create(self) -> None:
        self.logs.mkdir(parents=True, exist_ok=True)
        # The database's account must be able to pass; what is secret has its own mode.
        self.folder.chmod(0o755)

    def set_large_logs_aside(self) -> None:
        """Begin anew; the one before the last is gone."""
        for log in self.logs.glob("*.log"):
            if log.stat().st_size > _LARGEST_LOG:
                log.rename(log.with_suffix(".old"))

    def mark_seeded(self) -> None:
        self._seed_mark.touch()

    def delete(self) -> None:
        """Delete what the stack wrote, and nothing that somebody else put there."""
        for folder in (self.logs, self.postgres, self.nats):
            shutil.rmtree(folder, ignore_errors=True)
        for file in (self.secrets, self.description, self.processes, self._seed_mark, self.lock):
            file.unlink(missing_ok=True)
        with suppress(OSError):  # it is not empty
            self.folder.rmdir()
