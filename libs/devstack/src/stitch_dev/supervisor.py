"""Keep programs running: what ends unasked is started again, after a short pause."""

import asyncio
import signal
import time
from collections.abc import Callable
from pathlib import Path

from stitch_dev import private_json
from stitch_dev.errors import StackError
from stitch_dev.program import Program, RunningProgram

Say = Callable[[str], None]

_SHORTEST_PAUSE = 1.0
_LONGEST_PAUSE = 16.0
# Whoever lives this long has started properly, and may fail again without a longer pause.
_SETTLED_SECONDS = 10.0


class Supervisor:
    def __init__(self, say: Say, processes: Path) -> None:
        self._say = say
        self._processes = processes
        self._running: dict[str, RunningProgram] = {}
        self._pauses: dict[str, float] = {}
        self._restarts: dict[str, asyncio.TimerHandle] = {}
        self._dead: RunningProgram | None = None
        self._restarts_programs = False
        self.on_restart: Callable[[Program], None] = lambda _program: None

    def start(self, program: Program) -> None:
        running = RunningProgram(program)
        self._running[program.name] = running
        asyncio.get_running_loop().add_reader(running.sentinel, self._on_end, running)
        self._write_processes()

    async def run_once(self, program: Program) -> None:
        """Let it do its work; raise StackError with the end of its log if it fails."""
        running = RunningProgram(program)
        try:
            await _end_of(running)
        finally:
            running.kill()
        if running.exit_code != 0:
            raise StackError(_report(running))

    def check(self) -> None:
        """Raise StackError with the end of its log if one has ended during the start."""
        if self._dead:
            raise StackError(_report(self._dead))

    def settle(self) -> None:
        """Repair from now on what was a failure until now."""
        self.check()
        self._restarts_programs = True

    async def stop(self, *, besides: str = "", patience: float) -> None:
        """End all within the patience, or all but one."""
        self._restarts_programs = False
        for timer in self._restarts.values():
            timer.cancel()
        chosen = [running for name, running in self._running.items() if name != besides]
        loop = asyncio.get_running_loop()
        for running in chosen:
            loop.remove_reader(running.sentinel)
            running.terminate()
        try:
            async with asyncio.timeout(patience):
                await asyncio.gather(*(_end_of(running) for running in chosen))
        except TimeoutError:
            for running in chosen:
                running.kill()
        for running in chosen:
            del self._running[running.name]
        self._write_processes()

    def _on_end(self, running: RunningProgram) -> None:
        loop = asyncio.get_running_loop()
        loop.remove_reader(running.sentinel)
        running.join()
        if not self._restarts_programs:
            self._dead = running
            return
        pause = self._pause(running)
        self._say(f"{running.name} ended {_how(running)}; it starts again in {pause:g} s.")
        self._restarts[running.name] = loop.call_later(pause, self._restart, running.program)

    def _pause(self, running: RunningProgram) -> float:
        is_settled = time.monotonic() - running.started_at > _SETTLED_SECONDS
        last = self._pauses.get(running.name)
        pause = _SHORTEST_PAUSE if is_settled or not last else min(2 * last, _LONGEST_PAUSE)
        self._pauses[running.name] = pause
        return pause

    def _restart(self, program: Program) -> None:
        del self._restarts[program.name]
        self.start(program)
        self.on_restart(program)

    def _write_processes(self) -> None:
        pids = {name: running.pid for name, running in self._running.items()}
        private_json.write(self._processes, pids)


async def _end_of(running: RunningProgram) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_reader(running.sentinel, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(running.sentinel)
    running.join()


def _how(running: RunningProgram) -> str:
    code = running.exit_code or 0
    return f"by {signal.Signals(-code).name}" if code < 0 else f"with exit code {code}"


def _report(running: RunningProgram) -> str:
    program = running.program
    return f"{program.name} ended {_how(running)}; the end of {program.log}:\n{tail(program.log)}"


def tail(log: Path, lines: int = 15) -> str:
    if not log.exists():
        return ""
    return "\n".join(log.read_text(errors="replace").splitlines()[-lines:])
