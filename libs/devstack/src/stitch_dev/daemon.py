"""Start and stop a server binary that must not outlive this process."""

import ctypes
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_PAUSE = 0.01


@dataclass(frozen=True)
class Account:
    """Whom a binary runs as; needed only where this process is root and the binary refuses that."""

    uid: int
    gid: int


@dataclass(frozen=True)
class Command:
    argv: Sequence[str]
    log: Path
    account: Account | None = None
    on_parent_death: signal.Signals = signal.SIGTERM
    environment: Mapping[str, str] | None = None


def spawn(command: Command) -> subprocess.Popen[bytes]:
    """Start it in a session of its own, so that Ctrl-C in the terminal reaches only us."""
    account = command.account
    with command.log.open("ab") as log:
        return subprocess.Popen(
            command.argv,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            cwd="/",
            env=dict(command.environment or {}),
            start_new_session=True,
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
            preexec_fn=_dies_with_parent(command.on_parent_death),  # noqa: PLW1509 - only syscalls
        )


def _dies_with_parent(death_signal: signal.Signals) -> Callable[[], None]:
    """Give what the child does after it changed its user: that change clears the setting."""
    libc = ctypes.CDLL(None)
    parent = os.getpid()

    def ask_the_kernel() -> None:
        ask_for_signal(libc, death_signal)
        if os.getppid() != parent:
            os._exit(1)

    return ask_the_kernel


def ask_for_signal(libc: ctypes.CDLL, death_signal: signal.Signals) -> None:
    """Have the kernel send it to this process when its parent's thread ends."""
    if hasattr(libc, "prctl"):  # macOS has nothing like it
        libc.prctl(_PR_SET_PDEATHSIG, int(death_signal))


def stop(process: subprocess.Popen[bytes], *signals: signal.Signals, patience: float = 5) -> None:
    """Send one signal after the other, each with some patience, until the process is gone."""
    for step in (*signals, signal.SIGKILL):
        if process.poll() is not None:
            return
        process.send_signal(step)
        try:
            process.wait(timeout=patience)
        except subprocess.TimeoutExpired:
            continue


def wait_until(is_done: Callable[[], bool], *, seconds: float) -> bool:
    """Ask again and again until the answer is yes or the time is over."""
    deadline = time.monotonic() + seconds
    while not is_done():
        if time.monotonic() > deadline:
            return False
        time.sleep(_PAUSE)
    return True
