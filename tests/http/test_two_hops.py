"""Two hops: what a client may say reaches the service; what only the gateway may say is its own."""

import json
import re

import pytest
from tests.http.street import Street
from tests.http.wire import code, exchange, request, statuses

from stitch_common.clock import utc_now
from stitch_common.testing.tokens import Issuer

CLOSE = b"Connection: close"
CHUNKED = b"Transfer-Encoding: chunked"
PUBLISHED = b"GET /api/content/published HTTP/1.1"
REGISTER = b"POST /api/auth/register HTTP/1.1"
LOCAL = "127.0.0.1"
MIB = 1024 * 1024
EVIL = b"evil"
IDENTITY = [
    b"X-User-Id",
    b"X-USER-ROLE",
    b"x-auth-request-user",
    b"X-Internal-Token",
    b"X-Forwarded-For",
    b"X-Forwarded-Host",
    b"X-Forwarded-Proto",
    b"X-Forwarded-Prefix",
    b"Forwarded",
    b"X-Real-IP",
    b"True-Client-IP",
    b"X-Client-IP",
    b"X-Original-URL",
    b"X-Rewrite-URL",
    b"Via",
    b"X-API-Key",
]


def everything(street: Street) -> str:
    """All header values that reached any service."""
    return " ".join(value for seen in street.seen for _, value in seen.headers)


@pytest.mark.parametrize("name", IDENTITY)
async def test_what_a_client_says_about_itself_reaches_no_service(
    two_hops: Street, name: bytes
) -> None:
    """S60: in any case, with underscores, twice, as a trailer, or nominated by Connection."""
    said = name + b": " + EVIL
    upper, under = said.upper().replace(b"EVIL", EVIL), said.replace(b"-", b"_")
    nominated = b"Connection: " + name
    trailed = b"0\r\n" + said + b"\r\n\r\n"

    received = [
        await exchange(two_hops.port, request(REGISTER, CLOSE, said)),
        await exchange(two_hops.port, request(REGISTER, CLOSE, upper, said)),
        await exchange(two_hops.port, request(REGISTER, CLOSE, under)),
        await exchange(two_hops.port, request(REGISTER, CLOSE, nominated, said)),
        await exchange(two_hops.port, request(REGISTER, CLOSE, CHUNKED, body=trailed)),
    ]

    assert [statuses(each) for each in received] == [[200]] * 5
    assert len(two_hops.seen) == 5
    assert EVIL.decode() not in everything(two_hops)
    assert {value for seen in two_hops.seen for value in seen.values("x-forwarded-for")} == {LOCAL}


async def test_what_is_for_one_hop_stays_on_it(two_hops: Street) -> None:
    """S61: to the service, also what Connection nominates, however it is spelt."""
    fields = [
        b"Connection: close, X-Mine , x-other",
        b"X-Mine: " + EVIL,
        b"X-OTHER: " + EVIL,
        b"Keep-Alive: evil",
        b"Proxy-Authorization: Basic evil",
        b"Proxy-Connection: evil",
        b"TE: trailers, evil",
        b"Trailer: evil",
        b"Upgrade: evil",
        b"HTTP2-Settings: evil",
    ]

    received = await exchange(two_hops.port, request(PUBLISHED, *fields))

    assert statuses(received) == [200]
    assert EVIL.decode() not in everything(two_hops)


async def test_what_a_service_says_for_one_hop_stays_on_it(two_hops: Street) -> None:
    """S61: homeward."""
    two_hops.recorders["content"].fields += [
        (b"connection", b"x-hop"),
        (b"x-hop", EVIL),
        (b"keep-alive", EVIL),
        (b"proxy-authenticate", EVIL),
        (b"upgrade", EVIL),
        (b"x-internal-node", EVIL),
        (b"x-kept", b"kept"),
    ]

    received = await exchange(two_hops.port, request(PUBLISHED, CLOSE))

    assert statuses(received) == [200]
    assert EVIL not in received
    assert b"\r\nx-kept: kept\r\n" in received


@pytest.mark.parametrize(
    "name", [b"Content-Length", b"transfer-encoding", b"Authorization", b"Host", b"Cookie"]
)
async def test_framing_and_identity_cannot_be_nominated_away(two_hops: Street, name: bytes) -> None:
    """S61: CVE-2026-26365."""
    nominated = b"Connection: close, " + name
    length = b"Content-Length: 2"

    received = await exchange(two_hops.port, request(REGISTER, nominated, length, body=b"{}"))

    refused = name != b"transfer-encoding"
    assert statuses(received) == ([400] if refused else [200])
    assert [seen.body for seen in two_hops.seen] == ([] if refused else [b"{}"])


@pytest.mark.parametrize(
    "target",
    [
        b"/api/auth/../content/trash",
        b"/api/content/published/..%2ftrash",
        b"/api/content/published/%2e%2e/trash",
        b"/api/content/published/.%2E/trash",
        b"/api/content/published/./x",
        b"//api/content/trash",
        b"/api//content/trash",
        b"/api/content%2ftrash",
        b"/api/content%5ctrash",
        b"/api\\content\\trash",
        b"/api/content/published;x=/../trash",
        b"/api/content/published%3bx",
        b"/api/content/published/%00",
        b"/api/content/published/%0d%0aX:y",
        b"/api/content/published/%252e%252e/trash",
        b"/api/content/published/%ff",
        b"/api/content/published/%c0%af",
        b"/api/content/published/%",
        b"/api/content/published/%zz",
        b"http://evil.example/api/content/published",
        b"http://localhost@evil.example/api/content/published",
        b"https://evil.example:443/api/content/published",
    ],
)
async def test_a_target_with_two_readings_reaches_nobody(two_hops: Street, target: bytes) -> None:
    """S64."""
    received = await exchange(two_hops.port, request(b"GET %b HTTP/1.1" % target, CLOSE))

    assert statuses(received) == [400]
    assert code(received)
    assert two_hops.seen == []


@pytest.mark.parametrize(
    "host",
    [b"localhost", b"public.example", b"127.0.0.1:1", b"content", b"[::1]:8000"],
)
async def test_no_host_opens_a_private_route_or_reaches_a_service(
    two_hops: Street, host: bytes
) -> None:
    """S65: a valid Host decides nothing and is not handed on; others are refused at the door."""
    named = [b"Host: " + host]

    private = request(b"GET /api/content/trash HTTP/1.1", CLOSE, host=named)
    public = request(PUBLISHED, CLOSE, host=named)

    assert statuses(await exchange(two_hops.port, private)) == [401]
    assert statuses(await exchange(two_hops.port, public)) == [200]
    [seen] = two_hops.seen
    [told] = seen.values("host")
    assert re.fullmatch(r"127\.0\.0\.1:\d+", told)


@pytest.mark.parametrize(
    "host",
    [b"a/public?x=", b"a?x", b"a#x", b"a\\b", b"a b", b"a@b", b"a:b", b"a,b", b"", b"%61"],
)
async def test_a_host_that_could_be_a_path_is_refused(two_hops: Street, host: bytes) -> None:
    """S65: CVE-2026-48710."""
    received = await exchange(two_hops.port, request(PUBLISHED, CLOSE, host=[b"Host: " + host]))

    assert (statuses(received), code(received)) == ([400], "bad-host")
    assert two_hops.seen == []


@pytest.mark.parametrize("method", [b"TRACE", b"TRACK", b"CONNECT", b"DEBUG", b"PROPFIND"])
async def test_a_method_that_nobody_uses_reaches_nobody(two_hops: Street, method: bytes) -> None:
    """S79."""
    received = await exchange(two_hops.port, request(method + b" /api/content/published HTTP/1.1"))

    assert statuses(received)[0] in {400, 501}
    assert two_hops.seen == []


@pytest.mark.parametrize(
    "name",
    [b"X-HTTP-Method-Override", b"X-HTTP-Method", b"X_Method_Override", b"x-method-override"],
)
async def test_a_method_is_not_overridden(two_hops: Street, name: bytes) -> None:
    """S79."""
    received = await exchange(two_hops.port, request(PUBLISHED, CLOSE, name + b": DELETE"))

    assert (statuses(received), code(received)) == ([400], "method-override")
    assert two_hops.seen == []


async def test_what_is_nowhere_is_not_found_and_asks_nobody(two_hops: Street) -> None:
    """S79."""
    received = await exchange(two_hops.port, request(b"GET /api/nowhere HTTP/1.1", CLOSE))

    assert (statuses(received), code(received)) == ([404], "not-found")
    assert two_hops.seen == []


@pytest.mark.parametrize(
    "sent",
    [
        request(REGISTER, CLOSE, b"Content-Length: %d" % (MIB + 1)),
        request(REGISTER, CLOSE, b"Content-Length: 999999999999999"),
        request(
            REGISTER, CLOSE, CHUNKED, body=b"%x\r\n%b\r\n0\r\n\r\n" % (MIB + 1, bytes(MIB + 1))
        ),
        request(REGISTER, CLOSE, CHUNKED, body=b"1000\r\n%b\r\n" % bytes(4096) * 257),
        request(REGISTER, CLOSE, CHUNKED, body=b"fffffffffffff\r\n" + bytes(MIB + 1)),
    ],
    ids=["said", "lied", "one chunk", "many chunks", "a lying chunk"],
)
async def test_a_body_over_the_limit_is_refused_on_its_real_bytes(
    two_hops: Street, sent: bytes
) -> None:
    """S67."""
    received = await exchange(two_hops.port, sent)

    assert (statuses(received), code(received)) == ([413], "body-too-large")
    assert two_hops.seen == []


async def test_a_shorter_body_than_was_said_is_no_body(two_hops: Street) -> None:
    """S67: the client ends, or is late; the service never sees a request."""
    received = await exchange(
        two_hops.port, request(REGISTER, CLOSE, b"Content-Length: 10", body=b"{}")
    )

    assert statuses(received) == [408]
    assert two_hops.seen == []


async def test_a_longer_body_than_was_said_is_another_request(two_hops: Street) -> None:
    """S67."""
    sent = request(REGISTER, b"Content-Length: 2", body=b"{}" + b"x" * 100 + b"\r\n\r\n")

    received = await exchange(two_hops.port, sent)

    assert statuses(received) == [200, 400]
    assert [seen.body for seen in two_hops.seen] == [b"{}"]


@pytest.mark.parametrize(
    "sent",
    [
        b"garbage\r\n\r\n",
        request(PUBLISHED, host=()),
        request(b"GET /api/content//x HTTP/1.1", CLOSE),
        request(b"GET /api/nowhere HTTP/1.1", CLOSE),
        request(b"GET /api/events HTTP/1.1", CLOSE),
        request(b"GET /api/events HTTP/1.1", CLOSE, b"Authorization: Bearer x.y.z"),
        request(b"PUT /api/auth/register HTTP/1.1", CLOSE),
        request(REGISTER, CLOSE, b"Content-Length: 9999999"),
        request(PUBLISHED, b"A: " + b"a" * 16384),
        request(b"GET /%b HTTP/1.1" % (b"a" * 8192)),
        request(REGISTER, b"Content-Length: 5"),
        request(PUBLISHED, b"Connection: Upgrade", b"Upgrade: websocket"),
    ],
)
async def test_every_refusal_of_the_gateway_is_a_problem_that_shows_nothing(
    two_hops: Street, sent: bytes
) -> None:
    """S72."""
    received = await exchange(two_hops.port, sent)

    head, _, body = received.partition(b"\r\n\r\n")
    problem = json.loads(body)
    assert code(received) == problem["code"]
    assert {"type", "title", "status", "detail", "instance", "code", "request_id"} <= set(problem)
    assert not re.search(rb"stitch_|Traceback|uvicorn|python|127\.0\.0\.1", received)
    assert (problem["status"] == 401) == (b"\r\nwww-authenticate: Bearer" in head)


@pytest.mark.parametrize(
    "given",
    [b"a b", b"a\tb", b"a%0ab", b'"}{"x":"', b"a" * 129, b"\xc3\xa9", b"a,b", b""],
)
async def test_a_request_id_that_could_forge_a_line_is_replaced(
    two_hops: Street, given: bytes
) -> None:
    """S73."""
    received = await exchange(two_hops.port, request(PUBLISHED, CLOSE, b"X-Request-ID: " + given))

    [seen] = two_hops.seen
    [onward] = seen.values("x-request-id")
    assert re.fullmatch("[0-9a-f]{32}", onward)
    assert b"\r\nx-request-id: %b\r\n" % onward.encode() in received


async def test_two_request_ids_are_none(two_hops: Street) -> None:
    """S73."""
    await exchange(two_hops.port, request(PUBLISHED, CLOSE, b"X-Request-ID: a", b"X-Request-ID: b"))

    [seen] = two_hops.seen
    assert seen.values("x-request-id") not in (["a"], ["b"], ["a", "b"])


async def test_a_good_request_id_is_kept(two_hops: Street) -> None:
    """S73."""
    received = await exchange(two_hops.port, request(PUBLISHED, CLOSE, b"X-Request-ID: Mine-1._"))

    assert b"\r\nx-request-id: Mine-1._\r\n" in received
    assert two_hops.seen[0].values("x-request-id") == ["Mine-1._"]


@pytest.mark.parametrize(
    ("given", "is_continued"),
    [
        (b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", True),
        (b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00", True),
        (b"00-00000000000000000000000000000000-b7ad6b7169203331-01", False),
        (b"00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01", False),
        (b"00-0AF7651916CD43DD8448EB211C80319C-B7AD6B7169203331-01", False),
        (b"ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01", False),
        (b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331", False),
        (b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x", False),
        (b"", False),
    ],
)
async def test_a_valid_trace_is_continued_and_any_other_replaced(
    two_hops: Street, given: bytes, *, is_continued: bool
) -> None:
    """S73: W3C Trace Context."""
    await exchange(two_hops.port, request(PUBLISHED, CLOSE, b"traceparent: " + given))

    [seen] = two_hops.seen
    [onward] = seen.values("traceparent")
    version, trace, span, flags = onward.split("-")
    assert (version, len(trace), len(span), len(flags)) == ("00", 32, 16, 2)
    assert (trace == "0af7651916cd43dd8448eb211c80319c") == is_continued
    assert span not in {"b7ad6b7169203331", "0" * 16}


async def test_two_parents_are_none(two_hops: Street) -> None:
    """S73."""
    parent = b"traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

    await exchange(two_hops.port, request(PUBLISHED, CLOSE, parent, parent))

    [seen] = two_hops.seen
    [onward] = seen.values("traceparent")
    assert "0af7651916cd43dd8448eb211c80319c" not in onward


async def test_a_token_opens_what_it_opens_once_and_in_one_place(two_hops: Street) -> None:
    """S28: twice, underscored, in the query or in a cookie it opens nothing."""
    bearer = Issuer(utc_now).headers()["authorization"].encode()
    field, events = b"Authorization: " + bearer, b"GET /api/events HTTP/1.1"
    token = bearer.removeprefix(b"Bearer ")

    good = await exchange(two_hops.port, request(events, CLOSE, field))
    refused = [
        await exchange(two_hops.port, sent)
        for sent in (
            request(events, CLOSE, field, field),
            request(events, CLOSE, field, b"AUTHORIZATION: Bearer x"),
            request(events, CLOSE, b"Authori_zation: " + bearer),
            request(events, CLOSE, b"Cookie: access_token=" + token),
            request(b"GET /api/events?access_token=%b HTTP/1.1" % token, CLOSE),
        )
    ]

    assert statuses(good) == [200]
    assert [statuses(each)[0] for each in refused] == [400, 400, 401, 401, 400]
    assert len(two_hops.seen) == 1
