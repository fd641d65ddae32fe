import pytest
from starlette.types import Scope

from stitch_gateway.errors import WireError
from stitch_gateway.intake.errors import (
    AddressTooLongError,
    AmbiguousHeadError,
    HeadTooLargeError,
    MethodOverrideError,
)
from stitch_gateway.intake.head import Fields, read_head

HOST = (b"host", b"localhost:8000")


def scope(*fields: tuple[bytes, bytes], path: bytes = b"/x", query: bytes = b"") -> Scope:
    return {
        "method": "GET",
        "raw_path": path,
        "query_string": query,
        "headers": [HOST, *fields],
    }


def passed(*fields: tuple[bytes, bytes]) -> Fields:
    return read_head(scope(*fields)).fields


def test_what_is_end_to_end_travels_on_in_order() -> None:
    fields = [(b"accept", b"a"), (b"prefer", b"x"), (b"accept", b"b"), (b"if-match", b'"v1"')]

    assert passed(*fields) == fields


@pytest.mark.parametrize(
    "name",
    [
        b"X-User-Id",
        b"X-Auth-Request-Email",
        b"X-Internal-Token",
        b"X-Forwarded-For",
        b"x-forwarded-host",
        b"X-Forwarded",
        b"Forwarded",
        b"X-Real-IP",
        b"X-Original-URL",
        b"X-Rewrite-URL",
        b"True-Client-IP",
        b"X-API-Key",
        b"Via",
        b"baggage",
        b"X_User_Id",
        b"x_forwarded_for",
        b"any_thing",
        b"Connection",
        b"Keep-Alive",
        b"Proxy-Authorization",
        b"Proxy-Connection",
        b"TE",
        b"Trailer",
        b"Upgrade",
        b"HTTP2-Settings",
        b"Expect",
    ],
)
def test_what_a_client_may_not_say_goes_no_further(name: bytes) -> None:
    assert passed((name, b"1"), (name.lower(), b"2"), (b"accept", b"a")) == [(b"accept", b"a")]


def test_what_connection_nominates_is_for_this_hop_only() -> None:
    fields = [(b"connection", b"close, X-Custom"), (b"x-custom", b"1"), (b"x-other", b"2")]

    assert passed(*fields) == [(b"x-other", b"2")]


@pytest.mark.parametrize(
    "name", [b"authorization", b"Content-Length", b"host", b"cookie", b"if-match", b"content-type"]
)
def test_what_decides_who_asks_for_what_cannot_be_nominated_away(name: bytes) -> None:
    with pytest.raises(AmbiguousHeadError):
        read_head(scope((b"connection", b"close, " + name)))


@pytest.mark.parametrize(
    "fields",
    [
        [HOST],
        [(b"authorization", b"Bearer a"), (b"Authorization", b"Bearer b")],
        [(b"cookie", b"a=1"), (b"cookie", b"b=1")],
        [(b"authori_zation", b"x"), (b"content_length", b"4")],
        [(b"content_type", b"x")],
        [(b"content-length", b"4"), (b"content-length", b"4")],
        [(b"content-length", b"4"), (b"transfer-encoding", b"chunked")],
        [(b"content-length", b"+4")],
        [(b"content-length", b"4,4")],
        [(b"content-length", b"0x4")],
        [(b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")],
        [(b"transfer-encoding", b"gzip, chunked")],
        [(b"transfer-encoding", b"identity")],
        [(b"origin", b"http://a"), (b"origin", b"http://b")],
        [(b"if-match", b'"v1"'), (b"if-match", b'"v2"')],
    ],
)
def test_what_can_be_read_as_two_requests_is_neither(fields: Fields) -> None:
    with pytest.raises(AmbiguousHeadError):
        read_head(scope(*fields))


@pytest.mark.parametrize("host", [b"", b"a b", b"a/b", b"a@b", b"a?x", b"a:1:2", b"a:x", b"\xff"])
def test_a_host_that_is_none_is_refused(host: bytes) -> None:
    with pytest.raises(AmbiguousHeadError):
        read_head({**scope(), "headers": [(b"host", host)]})


def test_a_request_without_a_host_is_refused() -> None:
    with pytest.raises(AmbiguousHeadError):
        read_head({**scope(), "headers": []})


@pytest.mark.parametrize(
    "name", [b"X-HTTP-Method-Override", b"x-method-override", b"X_HTTP_METHOD"]
)
def test_a_method_cannot_be_overridden(name: bytes) -> None:
    with pytest.raises(MethodOverrideError):
        read_head(scope((name, b"DELETE")))


def test_a_head_of_more_than_16_kib_is_refused() -> None:
    with pytest.raises(HeadTooLargeError):
        read_head(scope(*[(b"x-%d" % n, bytes(1000)) for n in range(17)]))


def test_an_address_of_more_than_8_kib_is_refused() -> None:
    with pytest.raises(AddressTooLongError):
        read_head(scope(query=b"a" * 8192))


def test_what_the_server_adds_later_is_not_part_of_the_head() -> None:
    request = scope((b"transfer-encoding", b"chunked"))
    head = read_head(request)

    request["headers"].append((b"x-trailer", b"1"))

    assert head.fields == []


@pytest.mark.parametrize(
    ("fields", "has_body"),
    [
        ([], False),
        ([(b"content-length", b"0")], False),
        ([(b"content-length", b"7")], True),
        ([(b"transfer-encoding", b"chunked")], True),
    ],
)
def test_a_body_is_there_if_the_framing_says_so(fields: Fields, *, has_body: bool) -> None:
    assert read_head(scope(*fields)).has_body is has_body


def test_every_refusal_has_a_sentence_and_a_code() -> None:
    codes = [error.code for error in WireError.__subclasses__()]

    assert len(codes) == len(set(codes))
