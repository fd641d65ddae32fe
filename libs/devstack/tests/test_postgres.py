"""The embedded PostgreSQL: starts anywhere, survives kills, leaves nothing behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from stitch_dev.errors import StackError
from stitch_dev.placement import reachable_folder
from stitch_dev.ports import find_free
from stitch_dev.postgres import EmbeddedPostgres


@pytest.fixture(scope="module")
def postgres(shared_folder: Path) -> Iterator[EmbeddedPostgres]:
    server = EmbeddedPostgres(shared_folder / "postgres", fast=True)
    server.start()
    yield server
    server.stop()


async def ask(postgres: EmbeddedPostgres, question: str) -> object:
    connection = await asyncpg.connect(postgres.dsn)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


def wait_for_end(pid: int, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not is_alive(pid)


async def test_it_is_version_18_with_the_builtin_c_utf8_locale(postgres: EmbeddedPostgres) -> None:
    assert str(await ask(postgres, "show server_version")).startswith("18")
    assert await ask(postgres, "select datlocprovider::text || datlocale from pg_database") == (
        "bC.UTF-8"
    )
    assert await ask(postgres, "show server_encoding") == "UTF8"


async def test_the_password_is_needed(postgres: EmbeddedPostgres) -> None:
    wrong = postgres.dsn.replace("//postgres:", "//postgres:not")

    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(wrong)


async def test_open_transactions_end_after_a_minute(postgres: EmbeddedPostgres) -> None:
    assert await ask(postgres, "show idle_in_transaction_session_timeout") == "1min"


async def test_the_port_is_below_those_of_outgoing_connections(postgres: EmbeddedPostgres) -> None:
    assert postgres.port < 32768


async def test_data_survive_a_restart(postgres: EmbeddedPostgres) -> None:
    await ask(postgres, "create table kept (id int)")
    postgres.stop()
    postgres.start()

    assert await ask(postgres, "select count(*) from kept") == 0


async def test_data_survive_a_kill_when_it_runs_for_development(folder: Path) -> None:
    postgres = EmbeddedPostgres(folder / "postgres")
    postgres.start()
    await ask(postgres, "create table kept (id int)")
    connection = await asyncpg.connect(postgres.dsn)
    assert postgres.pid
    os.kill(postgres.pid, signal.SIGKILL)
    postgres.stop()

    postgres.start()
    connection.terminate()

    assert await ask(postgres, "select count(*) from kept") == 0
    postgres.stop()


def test_a_stale_pid_of_a_living_stranger_is_forgotten(postgres: EmbeddedPostgres) -> None:
    postgres.stop()
    pid_file = postgres.data / "postmaster.pid"
    pid_file.write_text(f"1\n{postgres.data}\n")

    postgres.start()

    assert postgres.pid


def test_a_second_server_on_the_same_folder_is_refused(
    postgres: EmbeddedPostgres, shared_folder: Path
) -> None:
    second = EmbeddedPostgres(shared_folder / "postgres", fast=True)

    with pytest.raises(StackError, match="Another process already runs PostgreSQL"):
        second.start()
    assert postgres.pid


def test_a_busy_port_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", find_free())) as other:
        port = other.getsockname()[1]
        server = EmbeddedPostgres(folder / "postgres", port, fast=True)

        with pytest.raises(StackError, match=f"Port {port}, which PostgreSQL needs, is busy"):
            server.start()


def test_an_interrupted_initdb_is_done_again(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres", fast=True)
    (folder / "postgres" / "data.new").mkdir()
    (folder / "postgres" / "data.new" / "half").touch()

    server.start()
    server.stop()

    assert not (server.data / "half").exists()


def test_data_of_another_version_are_refused_with_advice(folder: Path) -> None:
    server = EmbeddedPostgres(folder / "postgres", fast=True)
    server.data.mkdir()
    (server.data / "PG_VERSION").write_text("16\n")

    with pytest.raises(StackError, match="make reset"):
        server.start()


def test_it_ends_when_its_starter_is_killed(folder: Path) -> None:
    code = (
        "import sys, time, pathlib; from stitch_dev.postgres import EmbeddedPostgres\n"
        "server = EmbeddedPostgres(pathlib.Path(sys.argv[1]), fast=True); server.start()\n"
        "print(server.pid, flush=True); time.sleep(60)"
    )
    starter = subprocess.Popen(
        [sys.executable, "-c", code, str(folder / "postgres")], stdout=subprocess.PIPE
    )
    with starter:
        assert starter.stdout
        pid = int(starter.stdout.readline())
        starter.kill()

    assert wait_for_end(pid, seconds=5)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to drop its rights")
def test_a_folder_in_a_private_home_gets_a_public_substitute(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    server = EmbeddedPostgres(tmp_path / "postgres", fast=True)

    server.start()
    server.remove()

    assert not server.data.is_relative_to(tmp_path)
    assert not server.data.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to drop its rights")
def test_substitutes_of_deleted_folders_are_deleted(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    first = EmbeddedPostgres(tmp_path / "first")
    (tmp_path / "first").rmdir()

    EmbeddedPostgres(tmp_path / "second").remove()

    assert not first.data.parent.exists()


def test_without_another_account_every_folder_will_do(tmp_path: Path) -> None:
    assert reachable_folder(tmp_path / "any", None) == tmp_path / "any"
