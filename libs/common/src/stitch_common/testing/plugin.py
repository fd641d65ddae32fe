"""pytest fixtures for all members; `conftest.py` at the root loads them."""

import asyncio
from collections.abc import AsyncGenerator, Generator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, settings

from stitch_common.contracts.questions import DescribeEvent
from stitch_common.limits import counters
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.databases import Databases, drop_databases
from stitch_common.testing.servers import (
    ServerAddresses,
    nats_server,
    postgres_server,
    scratch_folder,
)
from stitch_common.testing.traffic import Traffic, clean_bus
from stitch_common.testing.waiting import PATIENCE

if TYPE_CHECKING:
    from stitch_common.testing.broker import OwnBroker


class TestRun:
    """What the processes of one test run share: a folder and a PostgreSQL."""

    __test__ = False

    def __init__(self, folder: Path, run: str, postgres_dsn: str | None = None) -> None:
        self.folder = folder
        self.run = run
        self._postgres_dsn = postgres_dsn
        self._stack = ExitStack()

    @classmethod
    def begin(cls) -> "TestRun":
        stack = ExitStack()
        run = cls(stack.enter_context(scratch_folder()), f"stitch_test_{uuid4().hex[:8]}")
        run._stack = stack
        return run

    def postgres_dsn(self) -> str:
        """Start the server when somebody asks for it first, in the main thread it ends with."""
        if self._postgres_dsn is None:
            self._postgres_dsn = self._stack.enter_context(postgres_server(self.folder))
        return self._postgres_dsn

    def end(self) -> None:
        if self._postgres_dsn and ServerAddresses().postgres:
            asyncio.run(drop_databases(self._postgres_dsn, self.run))
        self._stack.close()


_RUN = pytest.StashKey[TestRun]()

# The same examples in every run and on every machine, however long one takes.
settings.register_profile(
    "stitch", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("stitch")
    shared = getattr(config, "workerinput", {}).get("stitch_run")
    config.stash[_RUN] = TestRun(Path(shared[0]), *shared[1:]) if shared else TestRun.begin()


@pytest.hookimpl(optionalhook=True)
def pytest_configure_node(node: Any) -> None:
    """Start PostgreSQL in pytest-xdist's controller, because workers end one after the other."""
    run = node.config.stash[_RUN]
    node.workerinput["stitch_run"] = (str(run.folder), run.run, run.postgres_dsn())


def pytest_unconfigure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        config.stash[_RUN].end()


@pytest.fixture(scope="session")
def postgres_admin_dsn(pytestconfig: pytest.Config) -> str:
    """Give the DSN of a superuser on a real PostgreSQL."""
    return pytestconfig.stash[_RUN].postgres_dsn()


@pytest.fixture(scope="session")
async def service_databases(
    pytestconfig: pytest.Config, postgres_admin_dsn: str
) -> AsyncGenerator[Databases]:
    """Migrated databases: `.savepoint("stitch_events")`, `.fresh("stitch_events")`."""
    run = pytestconfig.stash[_RUN]
    databases = Databases(
        postgres_admin_dsn, folder=run.folder, run=run.run, worker=_worker(pytestconfig)
    )
    yield databases
    await databases.close()


@pytest.fixture(scope="session")
def nats_url(
    tmp_path_factory: pytest.TempPathFactory, pytestconfig: pytest.Config
) -> Generator[str]:
    """Give the address of a nats-server with JetStream that belongs to this process alone."""
    number = int(_worker(pytestconfig).removeprefix("gw") or 0)
    with nats_server(tmp_path_factory.mktemp("nats"), worker=number) as url:
        yield url


@pytest.fixture
async def traffic(nats_url: str) -> AsyncGenerator[Traffic]:
    """Put facts before consumers on a real broker with empty streams."""
    async with clean_bus(nats_url) as bus:
        yield Traffic(bus)


@pytest.fixture
def patient_counters(monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts are shared however busy the machine is."""
    monkeypatch.setattr(counters, "ANSWER_SECONDS", PATIENCE)


@pytest.fixture
def patient_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Answers come in time however busy the machine is."""
    monkeypatch.setattr(DescribeEvent, "deadline", timedelta(seconds=PATIENCE))


@pytest.fixture
def broker(tmp_path: Path) -> "Generator[OwnBroker]":
    """Give a nats-server of the test's own, with its store in `tmp_path`."""
    from stitch_common.testing.broker import own_broker  # noqa: PLC0415 - only where it is used

    with own_broker(tmp_path) as broker:
        yield broker


@pytest.fixture
def clock() -> SettableClock:
    return SettableClock()


def _worker(config: pytest.Config) -> str:
    return str(getattr(config, "workerinput", {}).get("workerid", "gw0"))
