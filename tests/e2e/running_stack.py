"""A running system, as its dev.json describes it."""

import os
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

ROOT = Path(__file__).parents[2]


class Stack:
    """What dev.json says, and what tests do with it."""

    def __init__(self, home: Path, document: dict[str, Any]) -> None:
        self.document = document
        self.environment = environment_for(home)
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


def environment_for(home: Path, port_base: int | None = None) -> dict[str, str]:
    """What a `stitch_dev` command needs to mean the stack in this folder."""
    ports = {} if port_base is None else {"STITCH_DEV_PORT_BASE": str(port_base)}
    inherited = dict(os.environ)  # noqa: TID251 - handed on to the system under test
    return {**inherited, "STITCH_DEV_HOME": str(home), **ports}


@contextmanager
def own_stack(home: Path, port_base: int) -> Generator[Path]:
    environment = environment_for(home, port_base)
    subprocess.run(["make", "-s", "start"], cwd=ROOT, env=environment, check=True, timeout=300)
    try:
        yield home
    finally:
        subprocess.run(["make", "-s", "stop"], cwd=ROOT, env=environment, check=True, timeout=60)
