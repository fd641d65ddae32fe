import pytest
from starlette.types import Scope

from stitch_gateway.errors import WireError
from stitch_gateway.intake.errors import AmbiguousHeadError, MethodOverrideError
from stitch_gateway.intake.head import MAX_KINDS, TRAVELS, Fields, kind_of, read_head

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
        b"x-user-id",
        b"x-auth-request-email",
        b"x-internal-token",
        b"x-forwarded-for",
        b"x-forwarded-host",
        b"x-forwarded",
        b"forwarded",
        b"x-real-ip",
        b"x-original-url",
        b"x-rewrite-url",
        b"true-client-ip",
        b"x-api-key",
        b"via",
        b"baggage",
        b"x_user_id",
        b"x_forwarded_for",
        b"any_thing",
        b"connection",
        b"keep-alive",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"upgrade",
        b"http2-settings",
        b"expect",
    ],
)
def test_what_a_client_may_not_say_goes_no_further(name: bytes) -> None:
    assert passed((name, b"1"), (name, b"2"), (b"accept", b"a")) == [(b"accept", b"a")]


def test_what_connection_nominates_is_for_this_hop_only() -> None:
    fields = [(b"connection", b"close, X-Custom"), (b"x-custom", b"1"), (b"x-other", b"2")]

    assert passed(*fields) == [(b"x-other", b"2")]


@pytest.mark.parametrize(
    "name", [b"authorization", b"content-length", b"host", b"cookie", b"if-match", b"content-type"]
)
def test_what_decides_who_asks_for_what_cannot_be_nominated_away(name: bytes) -> None:
    with pytest.raises(AmbiguousHeadError):
        read_head(scope((b"connection", b"close, " + name)))


@pytest.mark.parametrize(
    "fields",
    [
        [HOST],
        [(b"authorization", b"Bearer a"), (b"authorization", b"Bearer b")],
        [(b"cookie", b"a=1"), (b"cookie", b"b=1")],
        [(b"authori_zation", b"x"), (b"content_length", b"4")],
        [(b"content_type", b"x")],
        [(b"content-length", b"4"), (b"content-length", b"4")],
        [(b"transfer-encoding", b"chunked"), (b"transfer-encoding", b"chunked")],
        [(b"origin", b"http://a"), (b"origin", b"http://b")],
        [(b"if-match", b'"v1"'), (b"if-match", b'"v2"')],
    ],
)
def test_what_can_be_read_as_two_requests_is_neither(fields: Fields) -> None:
    with pytest.raises(AmbiguousHeadError):
        read_head(scope(*fields))


@pytest.mark.parametrize(
    "name", [b"x-http-method-override", b"x-method-override", b"x_http_method"]
)
def test_a_method_cannot_be_overridden(name: bytes) -> None:
    with pytest.raises(MethodOverrideError):
        read_head(scope((name, b"DELETE")))


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


def test_names_that_strangers_make_up_are_not_all_remembered() -> None:
    for number in range(2 * MAX_KINDS):
        assert kind_of(b"x-made-up-%d" % number) == TRAVELS
        passed((b"x-made-up-%d" % number, b"1"))

    assert passed((b"x-user-id", b"1"), (b"x-another", b"2")) == [(b"x-another", b"2")]
