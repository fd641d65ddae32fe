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


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    given = GivenStack()
    with ExitStack() as exits:
        home = (
            given.dev_json.parent
            if given.dev_json
            else exits.enter_context(own_stack(tmp_path_factory.mktemp("stitch"), given.port_base))
        )
        stack = Stack(home, json.loads((home / "dev.json").read_text()))
        yield stack
        stack.close()


@pytest.fixture
def mailbox(stack: Stack) -> Mailbox:
    return Mailbox(stack.mail)


@pytest.fixture
def editor(stack: Stack) -> Person:
    return Person(stack.gateway, **stack.user("editor"))
