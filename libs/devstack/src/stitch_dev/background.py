"""The same stack in the background: start, stop, reset, status, and ending one program."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping

from stitch_dev.daemon import wait_until
from stitch_dev.errors import StackError
from stitch_dev.lock import Lock
from stitch_dev.postgres import EmbeddedPostgres
from stitch_dev.settings import Home
from stitch_dev.supervisor import Say, tail

_START_SECONDS = 120.0
_STOP_SECONDS = 10.0


class Background:
    def __init__(self, home: Home, say: Say) -> None:
        self._home = home
        self._say = say

    def start(self) -> None:
        """Return when all is ready; raise StackError with the end of the log if it isn't."""
        holder = Lock(self._home.lock).holder()
        if holder:
            self._wait_for(holder)
        else:
            self._home.create()
            self._home.description.unlink(missing_ok=True)
            self._launch()

    def _wait_for(self, holder: int) -> None:
        """Somebody else has started it; that may be a moment ago."""
        wait_until(
            lambda: self._home.description.exists() or not Lock(self._home.lock).holder(),
            seconds=_START_SECONDS,
        )
        if not self._home.description.exists():
            raise StackError(f"Process {holder} tried to start Stitch and did not succeed.")
        self._say(f"Stitch already runs (process {holder}); `make stop` ends it.")

    def _launch(self) -> None:
        log = self._home.logs / "supervisor.log"
        with log.open("wb") as target:
            process = subprocess.Popen(
                [sys.executable, "-m", "stitch_dev", "run"],
                stdin=subprocess.DEVNULL,
                stdout=target,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        settled = wait_until(
            lambda: self._home.description.exists() or process.poll() is not None,
            seconds=_START_SECONDS,
        )
        if not settled:
            process.terminate()
        if not self._home.description.exists():
            raise StackError(f"Stitch did not start. The end of {log}:\n{tail(log)}")
        self._say(f"\n{log.read_text().strip()}\n")

    def stop(self) -> None:
        holder = Lock(self._home.lock).holder()
        if not holder:
            self._say("Stitch does not run.")
            return
        began_at = time.monotonic()
        os.kill(holder, signal.SIGTERM)
        if not wait_until(lambda: not Lock(self._home.lock).holder(), seconds=_STOP_SECONDS):
            # Its children end with it.
            os.kill(holder, signal.SIGKILL)
        self._say(f"Stitch has stopped after {time.monotonic() - began_at:.1f} s.")

    def reset(self) -> None:
        """Stop, and delete everything that the stack has written."""
        if not self._home.lock.exists():
            self._say(f"There is nothing of Stitch in {self._home.folder}.")
            return
        if Lock(self._home.lock).holder():
            self.stop()
        EmbeddedPostgres(self._home.postgres).remove()
        self._home.delete()
        self._say("All data of the stack are deleted.")

    def status(self) -> None:
        if not Lock(self._home.lock).holder():
            raise StackError("Stitch does not run.")
        self._say("\n".join(f"{name:<14} {pid}" for name, pid in self._processes().items()))

    def end(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a program; the supervisor starts it again."""
        found = self._processes()
        if name not in found:
            raise StackError(f"There is no {name}; there are: {', '.join(found) or 'none'}.")
        os.kill(found[name], number)

    def _processes(self) -> Mapping[str, int]:
        try:
            return dict(json.loads(self._home.processes.read_text()))
        except FileNotFoundError:
            return {}
