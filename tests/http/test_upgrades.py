"""HTTP/1.1 is spoken here and nothing else; whoever asks for more is told so, or served as well."""

import pytest
from tests.http.wire import Recorder, code, exchange, request, statuses

CLOSE = b"Connection: close"
H2C = (
    b"Connection: Upgrade, HTTP2-Settings, close",
    b"Upgrade: h2c",
    b"HTTP2-Settings: AAMAAABkAAQAoAAAAAIAAAAA",
)
POST = b"POST /here HTTP/1.1"
SMUGGLED = request(b"GET /smuggled HTTP/1.1")


@pytest.mark.parametrize("protocol", [b"websocket", b"WebSocket", b"h2c, websocket", b"TLS/1.2"])
async def test_what_is_not_offered_is_refused_and_no_tunnel_is_left(
    port: int, recorder: Recorder, protocol: bytes
) -> None:
    """S75."""
    upgrade = (b"Connection: keep-alive, Upgrade", b"Upgrade: " + protocol)

    received = await exchange(port, request(b"GET /here HTTP/1.1", *upgrade) + SMUGGLED)

    assert (statuses(received), code(received)) == ([501], "no-upgrade")
    assert recorder.seen == []


async def test_an_upgrade_to_http2_is_forgone(port: int, recorder: Recorder) -> None:
    """S75: Java's client asks for it with its first request, whatever that is."""
    received = await exchange(port, request(POST, *H2C, b"Content-Length: 2", body=b"{}"))

    assert statuses(received) == [200]
    [seen] = recorder.seen
    assert (seen.method, seen.target, seen.body) == ("POST", "/here", b"{}")
    assert seen.values("upgrade") == seen.values("http2-settings") == []


@pytest.mark.parametrize("pause", [0, 0.05])
async def test_the_body_of_a_request_with_an_upgrade_is_no_request(
    port: int, recorder: Recorder, pause: float
) -> None:
    """S63: the parser leaves HTTP at an upgrade, and what follows must not begin it anew."""
    length = b"Content-Length: %d" % len(SMUGGLED)

    received = await exchange(port, request(POST, *H2C, length), SMUGGLED, pause=pause)

    assert statuses(received) == [200]
    assert [(seen.target, seen.body) for seen in recorder.seen] == [("/here", SMUGGLED)]


async def test_requests_after_a_forgone_upgrade_are_answered(port: int, recorder: Recorder) -> None:
    upgrade = request(b"GET /first HTTP/1.1", b"Connection: Upgrade", b"Upgrade: h2c")

    received = await exchange(port, upgrade + request(b"GET /second HTTP/1.1", CLOSE))

    assert statuses(received) == [200, 200]
    assert [seen.target for seen in recorder.seen] == ["/first", "/second"]


async def test_the_head_of_an_upgrade_is_as_strict_as_any(port: int, recorder: Recorder) -> None:
    for bad in (b"Host: b", b"Transfer-Encoding: gzip, chunked", b"Content-Length: 1\t"):
        received = await exchange(port, request(POST, *H2C, bad))

        assert statuses(received)[0] in {400, 501}
    assert recorder.seen == []


async def test_who_expects_to_be_told_to_continue_is_told(port: int, recorder: Recorder) -> None:
    head = request(POST, b"Expect: 100-continue", b"Content-Length: 2")

    received = await exchange(port, head, b"{}", pause=0.05)

    assert received.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK")
    assert b"connection: close" in received
    assert [seen.body for seen in recorder.seen] == [b"{}"]
