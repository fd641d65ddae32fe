"""A Python program as a child of the fork server."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from stitch_dev.child import become
from stitch_dev.fork_server import FORK_SERVER


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
        program = self.program
        process = FORK_SERVER.Process(
            target=become,
            args=(
                program.name,
                program.module,
                program.arguments,
                program.environment,
                program.log,
            ),
        )
        process.start()
        return process
