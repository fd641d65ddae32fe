"""The running system that the journeys use: a given one, or one of our own on free ports."""

import json
from collections.abc import Generator
from contextlib import ExitStack
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict
from tests.e2e.journey import Mailbox, Person
from tests.e2e.running_stack import Stack, own_stack


class GivenStack(BaseSettings):
    """`STITCH_E2E_DEV_JSON` names the dev.json of a system that already runs."""

    model_config = SettingsConfigDict(env_prefix="STITCH_E2E_")

    dev_json: Path | None = None
    port_base: int = 18000

    def ports_of(self, worker: str) -> int:
        """Workers of one test run have a system each: `gw1` listens beside `gw0`."""
        return self.port_base + 100 * int(worker.removeprefix("gw").removeprefix("master") or 0)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, worker_id: str) -> Generator[Stack]:
    given = GivenStack()
    with ExitStack() as exits:
        if given.dev_json:
            home = given.dev_json.parent
        else:
            folder, ports = tmp_path_factory.mktemp("stitch"), given.ports_of(worker_id)
            home = exits.enter_context(own_stack(folder, ports))
        stack = Stack(home, json.loads((home / "dev.json").read_text()))
        yield stack
        stack.close()


@pytest.fixture
def mailbox(stack: Stack) -> Mailbox:
    return Mailbox(stack.mail)


@pytest.fixture
def editor(stack: Stack) -> Person:
    return Person(stack.gateway, **stack.user("editor"))
