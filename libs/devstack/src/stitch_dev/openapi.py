"""`python -m stitch_dev.openapi`: write docs/openapi/<service>.json from the services' code."""

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from stitch_common.process import Service as Process
from stitch_dev.environments import environment
from stitch_dev.secrets_file import Secrets
from stitch_dev.services import SERVICES, Service, Surroundings
from stitch_dev.settings import REPOSITORY, Ports

FOLDER = REPOSITORY / "docs" / "openapi"


def described() -> dict[str, str]:
    """The description of every service with an API of its own, as the text of its file."""
    return {
        service.name: asyncio.run(_describe(service)) for service in SERVICES if service.is_stored
    }


async def _describe(service: Service) -> str:
    async with wired(service) as (process, runtime):
        app: Any = process.create_api(runtime)
        return json.dumps(app.openapi(), indent=1, sort_keys=True) + "\n"


@asynccontextmanager
async def wired(service: Service) -> AsyncGenerator[tuple[Process[Any], Any]]:
    """A service and a runtime with made-up secrets; nothing is connected to."""
    process: Process[Any] = import_module(f"{service.module}.__main__").SERVICE
    with TemporaryDirectory() as folder:
        around = Surroundings(Ports(), Secrets(Path(folder) / "secrets.json"))
        with _variables(environment(service, around)):
            runtime = process.runtime(process.name, process.settings.load())
    try:
        yield process, runtime
    finally:
        await runtime.close()


@contextmanager
def _variables(variables: Mapping[str, str]) -> Iterator[None]:
    """Settings read the environment; for a moment it is the service's."""
    before = dict(os.environ)  # noqa: TID251 - it is put back below
    os.environ.update(variables)  # noqa: TID251 - see above
    try:
        yield
    finally:
        os.environ.clear()  # noqa: TID251 - see above
        os.environ.update(before)  # noqa: TID251 - see above


def write() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, document in described().items():
        (FOLDER / f"{name}.json").write_text(document)


if __name__ == "__main__":
    write()
