"""The running system that the journeys use: a given one, or one of our own on free ports."""

import json
import os
import subprocess
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict

ROOT = Path(__file__).parents[2]


class GivenStack(BaseSettings):
    """`STITCH_E2E_DEV_JSON` names the dev.json of a system that already runs."""

    model_config = SettingsConfigDict(env_prefix="STITCH_E2E_")

    dev_json: Path | None = None
    port_base: int = 18000


class Stack:
    """What dev.json says, and what tests do with it."""

    def __init__(self, document: dict[str, Any], home: Path | None) -> None:
        self.document = document
        self.home = home
        self.gateway = httpx.Client(base_url=document["gateway"], timeout=20, trust_env=False)
        self.mail = httpx.Client(base_url=document["mail"], timeout=20, trust_env=False)

    @property
    def nats_url(self) -> str:
        return str(self.document["nats"])

    def user(self, role: str) -> dict[str, str]:
        """The user name and password of the demo log-in with this role."""
        return dict(self.document["users"][role])

    def close(self) -> None:
        self.gateway.close()
        self.mail.close()


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Generator[Stack]:
    given = GivenStack()
    if given.dev_json:
        stack = Stack(json.loads(given.dev_json.read_text()), None)
        yield stack
        stack.close()
        return
    home = tmp_path_factory.mktemp("stitch")
    environment = {
        **os.environ,  # noqa: TID251 - handed on to the system under test
        "STITCH_DEV_HOME": str(home),
        "STITCH_DEV_PORT_BASE": str(given.port_base),
    }
    subprocess.run(["make", "-s", "start"], cwd=ROOT, env=environment, check=True, timeout=300)
    try:
        stack = Stack(json.loads((home / "dev.json").read_text()), home)
        yield stack
        stack.close()
    finally:
        subprocess.run(["make", "-s", "stop"], cwd=ROOT, env=environment, check=True, timeout=60)
