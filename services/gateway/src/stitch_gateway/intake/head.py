"""A request's head, read once: what must be there once is, and what a client may not say is gone.

Identity, addresses and ids of a request are the gateway's to tell (RFC 9110 §7.6.1, ASVS 4.1.3).
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from starlette.types import Scope

from stitch_gateway.intake.errors import (
    AmbiguousHeadError,
    HeadTooLargeError,
    MethodOverrideError,
)
from stitch_gateway.intake.target import check_length, check_query, normal_path

Fields = list[tuple[bytes, bytes]]
"""Header fields as they are on the wire, names in lower case."""

MAX_HEAD = 16 * 1024
FIELD_OVERHEAD = 4

HOST = re.compile(rb"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")
LENGTH = re.compile(rb"[0-9]{1,15}")

ONCE = frozenset(
    {
        b"authorization",
        b"content-length",
        b"content-type",
        b"cookie",
        b"host",
        b"idempotency-key",
        b"if-match",
        b"if-none-match",
        b"origin",
        b"transfer-encoding",
    }
)
"""Two of these could be read as two different requests."""
OVERRIDES = frozenset({b"x-http-method", b"x-http-method-override", b"x-method-override"})
HOP_BY_HOP = frozenset(
    {
        b"connection",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
    }
)
OURS = frozenset(
    {
        b"baggage",
        b"content-length",
        b"cookie",
        b"expect",
        b"authorization",
        b"forwarded",
        b"host",
        b"http2-settings",
        b"traceparent",
        b"tracestate",
        b"true-client-ip",
        b"via",
        b"x-api-key",
        b"x-client-ip",
        b"x-cluster-client-ip",
        b"x-original-url",
        b"x-real-ip",
        b"x-request-id",
        b"x-rewrite-url",
    }
)
"""What the gateway says itself, or not at all."""
OURS_BEGIN_WITH = (b"x-auth-", b"x-forwarded", b"x-internal-", b"x-original-", b"x-user-")


@dataclass(frozen=True, slots=True)
class Head:
    """A request as it will be judged; `fields` are those that may travel on as they are."""

    method: str
    path: str
    query: bytes
    fields: Fields
    single: dict[bytes, bytes]
    """The fields that are there once, by name."""
    forwarded_for: bytes
    traceparent: bytes | None
    tracestate: bytes | None

    @property
    def content_length(self) -> int | None:
        length = self.single.get(b"content-length")
        return None if length is None else int(length)

    @property
    def has_body(self) -> bool:
        return b"transfer-encoding" in self.single or bool(self.content_length)


def read_head(scope: Scope) -> Head:
    """What this request is, or a WireError that says why nobody can tell."""
    raw_path, query = scope["raw_path"], scope["query_string"]
    check_length(raw_path, query)
    fields = _checked(scope["headers"])
    single = _once(fields)
    _check_framing(single)
    check_query(query)
    return Head(
        method=scope["method"],
        path=normal_path(raw_path),
        query=query,
        fields=passable(fields),
        single=single,
        forwarded_for=b",".join(v for name, v in fields if name == b"x-forwarded-for"),
        traceparent=_only(fields, b"traceparent"),
        tracestate=_only(fields, b"tracestate"),
    )


def passable(fields: Fields) -> Fields:
    """The fields that may travel on: end-to-end, and not the gateway's own."""
    nominated = _nominated(fields)
    return [(name, value) for name, value in fields if _is_passable(name, nominated)]


def _is_passable(name: bytes, nominated: frozenset[bytes]) -> bool:
    return not (
        name in OURS
        or name in HOP_BY_HOP
        or name in nominated
        or b"_" in name
        or name.startswith(OURS_BEGIN_WITH)
    )


def _checked(headers: Iterable[tuple[bytes, bytes]]) -> Fields:
    """A copy: what the server adds to its list later (trailers) is not part of the head."""
    fields = [(name.lower(), value) for name, value in headers]
    if sum(len(name) + len(value) + FIELD_OVERHEAD for name, value in fields) > MAX_HEAD:
        raise HeadTooLargeError
    if any(name.replace(b"_", b"-") in OVERRIDES for name, _ in fields):
        raise MethodOverrideError
    return fields


def _once(fields: Fields) -> dict[bytes, bytes]:
    single: dict[bytes, bytes] = {}
    for name, value in fields:
        known = name if name in ONCE else name.replace(b"_", b"-")
        if known in ONCE:
            # An underscored spelling is another field to us and the same one to a CGI.
            if known in single or known != name:
                raise AmbiguousHeadError(_about(known))
            single[name] = value
    return single


def _check_framing(single: dict[bytes, bytes]) -> None:
    if not HOST.fullmatch(single.get(b"host", b"")):
        raise AmbiguousHeadError(_about(b"host"))
    length, coding = single.get(b"content-length"), single.get(b"transfer-encoding")
    if length is not None and (coding is not None or not LENGTH.fullmatch(length)):
        raise AmbiguousHeadError(_about(b"content-length"))
    if coding is not None and coding.lower() != b"chunked":
        raise AmbiguousHeadError(_about(b"transfer-encoding"))


def _nominated(fields: Fields) -> frozenset[bytes]:
    """What `Connection` declares to be for this hop only; never what decides who asks for what."""
    names = frozenset(
        token.strip().lower()
        for name, value in fields
        if name == b"connection"
        for token in value.split(b",")
    )
    if names & (ONCE - HOP_BY_HOP):
        raise AmbiguousHeadError(_about(b"connection"))
    return names


def _only(fields: Fields, wanted: bytes) -> bytes | None:
    found = [value for name, value in fields if name == wanted]
    return found[0] if len(found) == 1 else None


def _about(name: bytes) -> str:
    return f"{AmbiguousHeadError.sentence()} It is {name.decode()}."
