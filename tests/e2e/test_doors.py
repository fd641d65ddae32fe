"""The ports of the whole running system, all of them: one reading of HTTP, or none."""

from urllib.parse import urlsplit

import pytest
from tests.e2e.running_stack import Stack
from tests.http import mutations
from tests.http.test_smuggling import attack_all
from tests.http.wire import code, exchange, request, statuses

SERVICES = ("gateway", "auth", "content", "events", "notifications", "ai")
OPS = 1000
"""Each service's ops port is its own plus this."""
PATH = b"GET /healthz HTTP/1.1"
SENT = {
    request(PATH, host=[b"Host: a", b"Host: b"]): "bad-host",
    request(PATH, host=[b"Host: a/public?x="]): "bad-host",
    request(PATH, b"Content-Length: 1", b"Transfer-Encoding: chunked"): "malformed-request",
    request(PATH, b"Transfer-Encoding: gzip, chunked"): "unknown-coding",
    request(PATH, b"A: " + b"a" * 16384): "head-too-large",
    request(b"GET /%b HTTP/1.1" % (b"a" * 8192)): "address-too-long",
    request(PATH, b"Connection: Upgrade", b"Upgrade: websocket"): "no-upgrade",
    request(b"TRACE /healthz HTTP/1.1"): "unknown-method",
    b"GET /healthz\r\n\r\n": "malformed-request",
}

pytestmark = pytest.mark.e2e


def port_of(stack: Stack, service: str) -> int:
    gateway = urlsplit(str(stack.document["gateway"])).port or 0
    return gateway + SERVICES.index(service)


@pytest.mark.parametrize("service", SERVICES)
async def test_every_port_of_every_service_is_strict(stack: Stack, service: str) -> None:
    """S62, S65, S67, S75, S79."""
    port = port_of(stack, service)

    for each in (port, port + OPS):
        assert [code(await exchange(each, sent)) for sent in SENT] == list(SENT.values())


@pytest.mark.parametrize("service", ["gateway", "auth"])
async def test_no_mutant_troubles_a_service(stack: Stack, service: str) -> None:
    """S63: through the gateway and past it."""
    mutants = [*mutations.by_framing(), *mutations.by_chance(600)]

    received = await attack_all(port_of(stack, service), mutants, is_torn=False)

    answered = {status for each in received for status in statuses(each)}
    assert {status for status in answered if status >= 500} <= {501}
