"""One hop: what can be read in one way only reaches the application, and nothing else does."""

import pytest
from tests.http.wire import Recorder, code, exchange, request, statuses

CLOSE = b"Connection: close"
CHUNKED = b"Transfer-Encoding: chunked"
POST = b"POST /here HTTP/1.1"
END = b"0\r\n\r\n"

REFUSED = {
    "bare line feeds": (b"GET /here HTTP/1.1\nHost: a\n\n", 400),
    "a bare line feed after the request line": (b"GET /here HTTP/1.1\nHost: a\r\n\r\n", 400),
    "a bare line feed between fields": (request(b"GET / HTTP/1.1", b"A: b\nB: c"), 400),
    "a bare line feed at the end": (b"GET /here HTTP/1.1\r\nHost: a\r\n\n", 400),
    "a bare carriage return": (request(b"GET / HTTP/1.1", b"A: b\rB: c"), 400),
    "a folded field": (request(b"GET / HTTP/1.1", b"A: b\r\n c"), 400),
    "a folded first field": (b"GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400),
    "a space before the colon": (request(b"GET / HTTP/1.1", b"A : b"), 400),
    "a field without a name": (request(b"GET / HTTP/1.1", b": b"), 400),
    "a field without a colon": (request(b"GET / HTTP/1.1", b"foo"), 400),
    "NUL in a value": (request(b"GET / HTTP/1.1", b"A: \x00"), 400),
    "a control byte in a value": (request(b"GET / HTTP/1.1", b"A: \x01"), 400),
    "DEL in a value": (request(b"GET / HTTP/1.1", b"A: \x7f"), 400),
    "NUL in the path": (request(b"GET /here/%00 HTTP/1.1"), 400),
    "NUL in a name": (request(b"GET / HTTP/1.1", b"A\x00: b"), 400),
    "HTTP/0.9": (b"GET /here\r\n\r\n", 400),
    "HTTP/1.2": (request(b"GET /here HTTP/1.2"), 400),
    "HTTP/2.0": (request(b"GET /here HTTP/2.0"), 400),
    "HTTP/2's preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
    "TLS": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 400),
    "another protocol": (request(b"PLAY /here RTSP/1.0"), 501),
    "length and coding": (request(POST, b"Content-Length: 5", CHUNKED, body=END), 400),
    "coding and length": (request(POST, CHUNKED, b"Content-Length: 5", body=END), 400),
    "two lengths": (request(POST, b"Content-Length: 2", b"Content-Length: 3", body=b"{}"), 400),
    "a length twice": (request(POST, b"Content-Length: 2", b"Content-Length: 2", body=b"{}"), 400),
    "a list of lengths": (request(POST, b"Content-Length: 2, 2", body=b"{}"), 400),
    "no length": (request(POST, b"Content-Length: ", body=b"{}"), 400),
    "a signed length": (request(POST, b"Content-Length: +2", body=b"{}"), 400),
    "a negative length": (request(POST, b"Content-Length: -1", body=b"{}"), 400),
    "a hexadecimal length": (request(POST, b"Content-Length: 0x2", body=b"{}"), 400),
    "a length with a tab": (request(POST, b"Content-Length: 2\t", body=b"{}"), 400),
    "a length beyond all numbers": (request(POST, b"Content-Length: " + b"9" * 20), 400),
    "a length beyond our numbers": (request(POST, b"Content-Length: " + b"9" * 16), 400),
    "a coding twice": (request(POST, CHUNKED, CHUNKED, body=END), 400),
    "another coding before": (
        request(POST, b"Transfer-Encoding: identity", CHUNKED, body=END), 501,
    ),
    "compressed chunks": (request(POST, b"Transfer-Encoding: gzip, chunked", body=END), 501),
    "an empty coding": (request(POST, b"Transfer-Encoding: ", body=END), 400),
    "an empty coding in a list": (request(POST, b"Transfer-Encoding: ,chunked", body=END), 501),
    "an unknown coding": (request(POST, b"Transfer-Encoding: xchunked", body=END), 501),
    "a coding with a tab": (request(POST, CHUNKED + b"\t", body=END), 501),
    "a coding in quotes": (request(POST, b'Transfer-Encoding: "chunked"', body=END), 501),
    "identity": (request(POST, b"Transfer-Encoding: identity", body=b"{}"), 501),
    "chunks in HTTP/1.0": (request(b"POST /here HTTP/1.0", CHUNKED, body=END), 400),
    "no host": (request(host=()), 400),
    "no host in HTTP/1.0": (request(b"GET /here HTTP/1.0", host=()), 400),
    "an empty host": (request(host=[b"Host: "]), 400),
    "two hosts": (request(host=[b"Host: a", b"Host: b"]), 400),
    "a host twice": (request(host=[b"Host: a", b"Host: a"]), 400),
    "a host with a path": (request(host=[b"Host: a/public?x="]), 400),
    "a host with a user": (request(host=[b"Host: me@a"]), 400),
    "a host with a space": (request(host=[b"Host: a b"]), 400),
    "a host with two ports": (request(host=[b"Host: a:1:2"]), 400),
    "a host beyond ASCII": (request(host=[b"Host: a\xff"]), 400),
    "a target without a slash": (request(b"GET here HTTP/1.1"), 400),
    "a target that is only a query": (request(b"GET ?a HTTP/1.1"), 400),
    "an asterisk": (request(b"OPTIONS * HTTP/1.1"), 400),
    "a fragment": (request(b"GET /here#there HTTP/1.1"), 400),
    "a space in the target": (request(b"GET /he re HTTP/1.1"), 400),
    "NUL in the target": (request(b"GET /\x00 HTTP/1.1"), 400),
    "a target beyond ASCII": (request("GET /é HTTP/1.1".encode()), 400),
    "a target of another host": (request(b"GET http://evil.example/here HTTP/1.1"), 400),
    "a target with a user": (request(b"GET http://me@localhost/here HTTP/1.1"), 400),
    "a target of another scheme": (request(b"GET ftp://localhost/here HTTP/1.1"), 400),
    "a host without a path": (request(b"GET http://localhost HTTP/1.1"), 400),
    "a tunnel": (request(b"CONNECT localhost:80 HTTP/1.1"), 501),
    "a trace": (request(b"TRACE /here HTTP/1.1"), 501),
    "a method of WebDAV": (request(b"PROPFIND /here HTTP/1.1"), 501),
    "a method that nobody knows": (request(b"FOO /here HTTP/1.1"), 400),
    "a method in lower case": (request(b"get /here HTTP/1.1"), 400),
    "an unknown expectation": (request(POST, b"Expect: a miracle"), 417),
    "a target of more than 8 KiB": (request(b"GET /%b HTTP/1.1" % (b"a" * 8192)), 414),
    "a field of more than 16 KiB": (request(b"GET / HTTP/1.1", b"A: " + b"a" * 16384), 431),
    "more than 16 KiB of fields": (
        request(b"GET / HTTP/1.1", *[b"A-%02d: %b" % (n, b"a" * 1000) for n in range(17)]), 431,
    ),
    "more than 100 fields": (request(b"GET / HTTP/1.1", *[b"A: a"] * 100), 431),
}  # fmt: skip


@pytest.mark.parametrize(("sent", "status"), REFUSED.values(), ids=REFUSED.keys())
async def test_what_is_ambiguous_is_refused_and_the_connection_closed(
    port: int, recorder: Recorder, sent: bytes, status: int
) -> None:
    """S62, S65, S67, S79."""
    received = await exchange(port, sent)

    assert statuses(received) == [status]
    assert code(received)
    assert recorder.seen == []


@pytest.mark.parametrize(
    "body",
    [
        b"zz\r\n{}\r\n0\r\n\r\n",
        b"2\n{}\r\n0\r\n\r\n",
        b"2\r{}\r\n0\r\n\r\n",
        b"2 \r\n{}\r\n0\r\n\r\n",
        b" 2\r\n{}\r\n0\r\n\r\n",
        b"0x2\r\n{}\r\n0\r\n\r\n",
        b"+2\r\n{}\r\n0\r\n\r\n",
        b"-2\r\n{}\r\n0\r\n\r\n",
        b"2_0\r\n{}\r\n0\r\n\r\n",
        b"\r\n{}\r\n0\r\n\r\n",
        b"2\r\n{}XX0\r\n\r\n",
        b"2\r\n{}\n0\r\n\r\n",
        b"2\r\n{}0\r\n\r\n",
        b"2;\n{}\r\n0\r\n\r\n",
        b"2;a\rX\r\n{}\r\n0\r\n\r\n",
        b'2;a="\r\n"\r\n{}\r\n0\r\n\r\n',
        b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
        b"0\r\n\nGET /smuggled",
        b"0\n\n",
        b"0\r\nA: b\n\r\n",
        b"0\r\nA: \x00\r\n\r\n",
        b"0\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"0\r\nContent-Length: 2\r\n\r\n",
        b"0\r\nHost: evil\r\n\r\n",
    ],
)
async def test_a_malformed_chunk_ends_the_connection(
    port: int, recorder: Recorder, body: bytes
) -> None:
    """S62."""
    received = await exchange(port, request(POST, CHUNKED, body=body))

    assert statuses(received) == [400]
    assert recorder.seen == []


@pytest.mark.parametrize(
    ("sent", "body"),
    [
        (request(POST, CLOSE, b"Content-Length: 2", body=b"{}"), b"{}"),
        (request(POST, CLOSE, b"Content-Length: 002", body=b"{}"), b"{}"),
        (request(POST, CLOSE, CHUNKED, body=b"2\r\n{}\r\n0\r\n\r\n"), b"{}"),
        (request(POST, CLOSE, b"transfer-encoding: CHUNKED", body=b"2\r\n{}\r\n" + END), b"{}"),
        (request(POST, CLOSE, CHUNKED, body=b"1;a=b\r\n{\r\n0001\r\n}\r\n" + END), b"{}"),
        (request(POST, CLOSE, body=b""), b""),
    ],
)
async def test_a_body_is_what_its_framing_says(
    port: int, recorder: Recorder, sent: bytes, body: bytes
) -> None:
    received = await exchange(port, sent)

    assert statuses(received) == [200]
    assert [seen.body for seen in recorder.seen] == [body]


async def test_a_trailer_is_no_header_of_this_request_or_the_next(
    port: int, recorder: Recorder
) -> None:
    """S60."""
    trailers = b"X-User-Id: 1\r\nCookie: a=b\r\nExpect: 100-continue\r\nUpgrade: h2c\r\n"
    first = request(POST, CHUNKED, body=b"2\r\n{}\r\n0\r\n" + trailers + b"\r\n")

    received = await exchange(port, first + request(b"GET /next HTTP/1.1", CLOSE))

    assert statuses(received) == [200, 200]
    assert [seen.target for seen in recorder.seen] == ["/here", "/next"]
    assert [name for seen in recorder.seen for name, _ in seen.headers] == [
        "host", "transfer-encoding", "host", "connection",
    ]  # fmt: skip


async def test_a_trailer_that_ends_the_connection_ends_it(port: int, recorder: Recorder) -> None:
    trailer = b"0\r\nConnection: close\r\n\r\n"

    received = await exchange(port, request(POST, CHUNKED, body=trailer) + request())

    assert statuses(received) == [200]
    assert len(recorder.seen) == 1


async def test_a_head_may_come_byte_by_byte(port: int, recorder: Recorder) -> None:
    sent = request(POST, CLOSE, b"Content-Length: 2", body=b"{}")

    received = await exchange(port, *[bytes([byte]) for byte in sent])

    assert statuses(received) == [200]
    [seen] = recorder.seen
    assert (seen.target, seen.body) == ("/here", b"{}")


async def test_pipelined_requests_are_answered_in_order(port: int, recorder: Recorder) -> None:
    targets = [b"/%d" % number for number in range(20)]
    sent = [request(b"GET %b HTTP/1.1" % target) for target in targets]

    received = await exchange(port, b"".join(sent) + request(b"GET /last HTTP/1.1", CLOSE))

    assert [received.find(b"<%b>" % target) > 0 for target in targets] == [True] * 20
    assert statuses(received) == [200] * 21
    assert [seen.target for seen in recorder.seen] == [*(t.decode() for t in targets), "/last"]


async def test_who_never_waits_for_an_answer_is_sent_away(port: int, recorder: Recorder) -> None:
    """Bounded memory: a connection queues no more than 32 requests."""
    received = await exchange(port, request() * 200)

    assert statuses(received)[-1] == 503
    assert code(received) == "too-eager"
    assert b"\r\nretry-after: 1\r\n" in received
    assert len(recorder.seen) < 40


async def test_garbage_after_a_request_is_answered_after_it(port: int, recorder: Recorder) -> None:
    received = await exchange(port, request() + b"garbage\r\n\r\n")

    assert statuses(received) == [200, 400]
    assert len(recorder.seen) == 1


async def test_what_follows_a_last_request_is_no_request(port: int, recorder: Recorder) -> None:
    received = await exchange(port, request(b"GET /here HTTP/1.1", CLOSE) + request())

    assert statuses(received) == [200]
    assert len(recorder.seen) == 1


async def test_a_request_in_a_body_stays_in_the_body(port: int, recorder: Recorder) -> None:
    """S63."""
    inner = request(b"GET /smuggled HTTP/1.1")
    outer = request(POST, CLOSE, b"Content-Length: %d" % len(inner), body=inner)

    received = await exchange(port, outer)

    assert statuses(received) == [200]
    assert [seen.body for seen in recorder.seen] == [inner]


async def test_an_absolute_target_of_this_host_is_its_path(port: int, recorder: Recorder) -> None:
    """S64: whatever is named before it."""
    await exchange(port, request(b"GET http://LOCALHOST/a?b HTTP/1.1", CLOSE))

    assert [seen.target for seen in recorder.seen] == ["/a?b"]


@pytest.mark.parametrize("host", [b"a", b"a.b-c:80", b"127.0.0.1:8000", b"[::1]", b"[::1]:8000"])
async def test_a_host_has_a_name_and_perhaps_a_port(
    port: int, recorder: Recorder, host: bytes
) -> None:
    sent = request(b"GET /here HTTP/1.1", CLOSE, host=[b"Host: " + host])

    assert statuses(await exchange(port, sent)) == [200]
