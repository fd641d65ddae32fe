"""Real processes: each of their ports is as strict as the one that the other tests ask."""

import re
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from tests.http.processes import GATEWAY, SERVICE, Running, running
from tests.http.wire import code, exchange, request, statuses

ROOT = Path(__file__).parents[2]
SERVING = re.compile(r"\buvicorn\.(run|Config|Server)\(|\.create_server\(|start_server\(")
PROMPT = {"STITCH_HEAD_TIMEOUT": "PT0.5S", "STITCH_DRAIN_NOTICE": "PT0S"}
NOT_PRODUCTION = ("/stitch_dev/", "/testing/")


@pytest.fixture(params=[SERVICE, GATEWAY], ids=["service", "gateway"], scope="module")
async def process(request: pytest.FixtureRequest) -> AsyncGenerator[Running]:
    async with running(*request.param, **PROMPT) as found:
        yield found


async def test_every_port_of_a_process_is_strict_and_impatient(process: Running) -> None:
    """S62, S66, S67: with the limits of its settings."""
    path = b"GET /healthz HTTP/1.1"
    sent = {
        request(path, host=[b"Host: a", b"Host: b"]): "bad-host",
        request(path, b"Content-Length: 1", b"Transfer-Encoding: chunked"): "malformed-request",
        request(path, b"Transfer-Encoding: gzip, chunked"): "unknown-coding",
        request(path, b"A: " + b"a" * 16384): "head-too-large",
        request(path, b"Connection: Upgrade", b"Upgrade: websocket"): "no-upgrade",
        request(b"TRACE /healthz HTTP/1.1"): "unknown-method",
        b"GET /healthz HTTP/1.1\r\nX": "slow-head",
    }
    for port in (process.port, process.ops_port):
        found = [code(await exchange(port, each)) for each in sent]

        assert found == list(sent.values())


async def test_the_numbers_of_a_process_tell_what_it_refused(process: Running) -> None:
    await exchange(process.port, request(host=()))

    metrics = await exchange(
        process.ops_port, request(b"GET /metrics HTTP/1.1", b"Connection: close")
    )

    assert statuses(metrics) == [200]
    assert re.search(rb'stitch_http_refused_total\{code="bad-host"\} [1-9]', metrics)


def test_nothing_else_in_the_repository_serves_http() -> None:
    sources = [
        path
        for path in ROOT.glob("*/*/src/**/*.py")
        if not any(part in str(path) for part in NOT_PRODUCTION)
    ]
    serving = {path.name for path in sources if SERVING.search(path.read_text())}

    assert serving <= {"server.py"}
