"""The embedded nats-server: JetStream that keeps what it acknowledged."""

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import nats
import pytest

from stitch_dev.errors import StackError
from stitch_dev.nats import EmbeddedNats
from stitch_dev.ports import find_free


@pytest.fixture
def server(folder: Path) -> Iterator[EmbeddedNats]:
    embedded = EmbeddedNats(folder / "nats")
    embedded.start()
    yield embedded
    embedded.stop()


async def test_acknowledged_messages_survive_a_kill(server: EmbeddedNats) -> None:
    client = await nats.connect(server.address)
    await client.jetstream().add_stream(name="KEPT", subjects=["kept"])
    await client.jetstream().publish("kept", b"a fact")
    await client.close()
    assert server.pid
    os.kill(server.pid, signal.SIGKILL)
    server.stop()
    server.start()

    client = await nats.connect(server.address)
    kept = await client.jetstream().get_msg("KEPT", 1)
    await client.close()

    assert kept.data == b"a fact"


def test_every_write_is_synced(server: EmbeddedNats, folder: Path) -> None:
    assert server.pid
    assert "sync_interval: always" in (folder / "nats" / "nats.conf").read_text()


def test_a_busy_nats_port_is_named(folder: Path) -> None:
    with socket.create_server(("127.0.0.1", find_free())) as other:
        port = other.getsockname()[1]

        with pytest.raises(StackError, match=f"Port {port}, which nats-server needs, is busy"):
            EmbeddedNats(folder / "nats", port).start()


def test_stopping_twice_is_harmless(server: EmbeddedNats) -> None:
    server.stop()
    server.stop()

    assert server.pid is None
