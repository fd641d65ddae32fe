"""The stack as a process: it starts, mends itself, and leaves nothing behind."""

import json
import os
import secrets
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from stitch_common.testing.waiting import PATIENCE, own_time

DUMMY = Path(__file__).parent / "dummy"


class StackProcess:
    """`make run` with one small service instead of six."""

    def __init__(self, home: Path, *, service: str = "dummy", port_base: int = 0) -> None:
        self.home = home
        self.port_base = port_base or free_base()
        self._log = home.parent / f"output-{uuid4().hex}"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, DUMMY / "run_stack.py", home, str(self.port_base), service],
                stdout=log,
                stderr=subprocess.STDOUT,
                env={
                    "PYTHONPATH": str(DUMMY),
                    "PYTHONUNBUFFERED": "1",
                    "DEVELOPERS_OWN_TOKEN": "secret",
                    "PATH": "/usr/bin:/bin",
                },
                start_new_session=True,
            )

    @property
    def output(self) -> str:
        return self._log.read_text()

    @property
    def description(self) -> dict[str, Any]:
        return dict(json.loads((self.home / "dev.json").read_text()))

    def pid(self, name: str) -> int:
        return int(json.loads((self.home / "processes.json").read_text())[name])

    def family(self) -> dict[int, str]:
        """Give the names of all its descendants by process id."""
        found = {self.process.pid: ""}
        for pid, (parent, name) in sorted(processes().items()):
            if parent in found:
                found[pid] = name
        del found[self.process.pid]
        return found

    def wait_until_ready(self) -> None:
        wait_until(lambda: "is ready" in self.output or self.process.poll() is not None)
        assert self.process.poll() is None, self.output

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
            self.process.wait(timeout=PATIENCE)


def processes() -> dict[int, tuple[int, str]]:
    """Give parent and name of every living process."""
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            pid, rest = path.read_text().split(" (", 1)
            name, rest = rest.rsplit(") ", 1)
            state, parent = rest.split()[:2]
            if state != "Z":
                found[int(pid)] = (int(parent), name)
    return found


def all_gone(pids: Iterable[int]) -> bool:
    return not processes().keys() & set(pids)


def free_base() -> int:
    """Give a base whose ports the servers of other tests don't choose (stitch_dev.ports)."""
    return 10_000 + secrets.randbelow(6_000)


def wait_until(is_so: Callable[[], bool], *, seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not is_so():
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def home(shared_folder: Path) -> Path:
    return shared_folder / "home"


@pytest.fixture(scope="module")
def stack(home: Path) -> Iterator[StackProcess]:
    process = StackProcess(home)
    process.wait_until_ready()
    yield process
    process.end()


def test_the_first_screen_says_what_runs_where(stack: StackProcess) -> None:
    wait_until(lambda: "make stop" in stack.output)

    assert f"http://localhost:{stack.port_base}/docs" in stack.output
    assert f"http://localhost:{stack.port_base + 25}" in stack.output
    for user in stack.description["users"].values():
        assert user["password"] in stack.output


def test_scripts_find_everything_in_dev_json(stack: StackProcess) -> None:
    described = stack.description

    assert described.keys() == {"gateway", "mail", "smtp", "postgres", "nats", "services", "users"}
    assert described["users"].keys() == {"admin", "editor", "viewer"}
    assert described["services"] == {"dummy": f"http://127.0.0.1:{stack.port_base}"}
    assert httpx.get(f"{described['mail']}/api/v1/messages").json()["total"] == 0


def test_what_is_secret_is_readable_by_its_owner_only(stack: StackProcess) -> None:
    for name in ("secrets.json", "dev.json"):
        assert stat.S_IMODE((stack.home / name).stat().st_mode) == 0o600


def test_a_service_knows_its_own_settings_and_nothing_of_the_developers(
    stack: StackProcess,
) -> None:
    names = httpx.get(f"http://127.0.0.1:{stack.port_base + 1000}/").text.split()

    assert "STITCH_NATS_URL" in names
    assert "DEVELOPERS_OWN_TOKEN" not in names
    assert not [name for name in names if "KEY" in name or "PEPPER" in name or "DATABASE" in name]


def test_every_service_has_a_session_of_its_own(stack: StackProcess) -> None:
    pid = stack.pid("dummy")

    assert os.getsid(pid) == pid


def test_a_killed_service_comes_back(stack: StackProcess) -> None:
    killed = stack.pid("dummy")

    os.kill(killed, signal.SIGKILL)

    wait_until(lambda: "dummy is ready again" in stack.output)
    assert "dummy ended by SIGKILL; it starts again in 1 s." in stack.output
    assert stack.pid("dummy") != killed


@pytest.mark.parametrize("name", ["postgres", "nats-server"])
def test_a_killed_server_comes_back(stack: StackProcess, name: str) -> None:
    def running() -> list[int]:
        parents = processes().items()
        return [p for p, (parent, n) in parents if parent == stack.process.pid and n == name]

    killed = running()
    os.kill(killed[0], signal.SIGKILL)

    wait_until(lambda: bool(running()) and running() != killed)


def test_a_second_run_says_that_it_already_runs(stack: StackProcess) -> None:
    second = StackProcess(stack.home)

    assert second.process.wait(timeout=PATIENCE) == 0
    assert f"Stitch already runs (process {stack.process.pid}); `make stop`" in second.output


def test_ctrl_c_ends_everything_in_two_seconds(stack: StackProcess) -> None:
    family = stack.family()

    with own_time() as clock:
        stack.process.send_signal(signal.SIGINT)
        exit_code = stack.process.wait(timeout=PATIENCE)
        wait_until(lambda: all_gone(family))
        took = clock()

    assert took < 2
    assert exit_code == 0
    assert len(family) > 5
    assert not (stack.home / "dev.json").exists()


def test_nothing_survives_a_killed_supervisor(home: Path) -> None:
    stack = StackProcess(home)
    stack.wait_until_ready()
    family = stack.family()

    stack.process.kill()
    stack.process.wait()

    assert len(family) > 5
    wait_until(lambda: all_gone(family))


def test_after_a_kill_it_starts_again(home: Path) -> None:
    stack = StackProcess(home)
    stack.wait_until_ready()
    stack.end()

    assert stack.process.returncode == 0


def test_a_service_that_cannot_start_is_reported_with_the_end_of_its_log(home: Path) -> None:
    stack = StackProcess(home, service="missing")

    assert stack.process.wait(timeout=PATIENCE) == 1
    assert "missing ended with exit code 1" in stack.output
    assert "No module named stitch_missing" in stack.output


def test_a_busy_port_is_said_with_a_way_out(home: Path) -> None:
    base = free_base()
    port = base + 25
    with socket.create_server(("127.0.0.1", port)):
        stack = StackProcess(home, port_base=base)

        assert stack.process.wait(timeout=PATIENCE) == 1
    assert f"Port {port}, which the mail catcher's page needs, is busy" in stack.output
    assert "STITCH_DEV_PORT_BASE" in stack.output
    assert "Traceback" not in stack.output
