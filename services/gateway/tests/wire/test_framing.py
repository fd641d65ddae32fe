"""Raw bytes on a socket: what is read in one way only reaches a service, the rest does not."""

import pytest
from services.gateway.tests.conftest import Raw

from stitch_common.testing.recording import Backend
from stitch_common.testing.tokens import Issuer

REGISTER = b"POST /api/auth/register HTTP/1.1\r\nHost: localhost:8000\r\n"
PUBLISHED = b"GET /api/content/published HTTP/1.1\r\n"
HOST = b"Host: localhost:8000\r\n"


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def count(backends: dict[str, Backend]) -> int:
    return sum(len(backend.seen) for backend in backends.values())


@pytest.mark.parametrize(
    "request_",
    [
        REGISTER + b"Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        REGISTER + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        REGISTER + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}",
        REGISTER + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
        REGISTER + b"Content-Length: 2, 2\r\n\r\n{}",
        REGISTER + b"Content-Length: +2\r\n\r\n{}",
        REGISTER + b"Content-Length: -1\r\n\r\n{}",
        REGISTER + b"Content-Length: 0x2\r\n\r\n{}",
        REGISTER + b"Content-Length : 2\r\n\r\n{}",
        REGISTER + b"Content-Length: 99999999999999999999\r\n\r\n{}",
        REGISTER + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        REGISTER + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        REGISTER + b"Transfer-Encoding: identity\r\n\r\n{}",
        REGISTER + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        REGISTER + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        REGISTER + b"X-A: 1\r\n folded: 2\r\nContent-Length: 0\r\n\r\n",
        REGISTER + b"Bad Name: 1\r\nContent-Length: 0\r\n\r\n",
        REGISTER + b"X-A: a\x00b\r\nContent-Length: 0\r\n\r\n",
        PUBLISHED + b"\r\n",
        PUBLISHED + HOST + HOST + b"\r\n",
        PUBLISHED + b"Host: a b\r\n\r\n",
        PUBLISHED + b"Host: a/public?x=\r\n\r\n",
        b"GET /api/content/published\r\n\r\n",
        b"GET /api//content/published HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /api/auth/../content/published HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /api/content%2fpublished HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /api\\content/published HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET /api/content/published;x HTTP/1.1\r\n" + HOST + b"\r\n",
        b"GET * HTTP/1.1\r\n" + HOST + b"\r\n",
        b"CONNECT localhost:8001 HTTP/1.1\r\n" + HOST + b"\r\n",
        b"TRACE /api/content/published HTTP/1.1\r\n" + HOST + b"\r\n",
        PUBLISHED + HOST + b"X-HTTP-Method-Override: POST\r\n\r\n",
    ],
)
async def test_what_is_ambiguous_or_forbidden_reaches_nobody(
    raw: Raw, backends: dict[str, Backend], request_: bytes
) -> None:
    answer = await raw(request_)

    assert status(answer) in {0, 400, 404, 405, 413, 501}
    assert count(backends) == 0


@pytest.mark.parametrize(
    "body",
    [b"zz\r\n{}\r\n0\r\n\r\n", b"2\n{}\r\n0\r\n\r\n", b"2\r\n{}XX0\r\n\r\n", b"-2\r\n{}\r\n"],
)
async def test_a_malformed_chunk_ends_the_connection(
    raw: Raw, backends: dict[str, Backend], body: bytes
) -> None:
    answer = await raw(REGISTER + b"Transfer-Encoding: chunked\r\n\r\n" + body)

    assert status(answer) in {0, 400}
    assert not any(seen.body for backend in backends.values() for seen in backend.seen)


async def test_an_absolute_target_meets_the_same_policy_whatever_host_it_names(
    raw: Raw, backends: dict[str, Backend]
) -> None:
    line = b"GET http://evil.example/api/events HTTP/1.1\r\n"

    assert status(await raw(line + HOST + b"\r\n")) in {400, 401}
    assert count(backends) == 0


async def test_a_trailer_is_no_header(raw: Raw, backends: dict[str, Backend]) -> None:
    trailers = b"X-User-Id: 1\r\nX-Forwarded-For: 6.6.6.6\r\nX-Smuggled: 1\r\n"
    head = REGISTER + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"

    answer = await raw(head + b"2\r\n{}\r\n0\r\n" + trailers + b"\r\n")

    assert status(answer) == 200
    [seen] = backends["auth"].seen
    assert seen.body == b"{}"
    assert seen.values("x-user-id") == []
    assert seen.values("x-forwarded-for") == ["127.0.0.1"]


async def test_pipelined_requests_are_answered_in_order(
    raw: Raw, backends: dict[str, Backend], issuer: Issuer
) -> None:
    first = REGISTER + b"Content-Length: 2\r\n\r\n{}"
    second = PUBLISHED + HOST + b"Connection: close\r\n\r\n"

    answer = await raw(first + second)

    assert answer.count(b"HTTP/1.1 200 OK") == 2
    assert [len(backends[name].seen) for name in ("auth", "content")] == [1, 1]


async def test_a_request_in_a_body_stays_in_the_body(
    raw: Raw, backends: dict[str, Backend]
) -> None:
    inner = b"GET /api/content/published HTTP/1.1\r\nHost: x\r\n\r\n"
    head = REGISTER + b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(inner)

    await raw(head + inner)

    assert [seen.body for seen in backends["auth"].seen] == [inner]
    assert count(backends) == 1


async def test_who_asked_to_be_told_to_continue_and_is_refused_is_disconnected(
    raw: Raw, backends: dict[str, Backend]
) -> None:
    head = b"POST /api/events HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"

    answer = await raw(head + b"Content-Length: 500\r\n\r\n" + PUBLISHED + HOST + b"\r\n")

    assert status(answer) == 401
    assert b"\r\nconnection: close\r\n" in answer
    assert answer.count(b"HTTP/1.1") == 1
    assert count(backends) == 0


async def test_an_upgrade_is_not_passed_on(raw: Raw, backends: dict[str, Backend]) -> None:
    """S75."""
    upgrade = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMA\r\n"

    answer = await raw(PUBLISHED + HOST + upgrade + b"\r\n")

    assert status(answer) == 200
    [seen] = backends["content"].seen
    assert seen.values("upgrade") == seen.values("connection") == []
    assert seen.values("http2-settings") == []
