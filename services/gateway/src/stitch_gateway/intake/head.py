"""A request's head, read once: what must be there once is, and what a client may not say is gone.

Framing, Host and sizes are right already (`stitch_common.http.strict`), names are in lower case.
Identity, addresses and ids of a request are the gateway's to tell (RFC 9110 §7.6.1, ASVS 4.1.3).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import Scope

from stitch_gateway.intake.errors import AmbiguousHeadError, MethodOverrideError
from stitch_gateway.intake.target import check_query, normal_path

Fields = list[tuple[bytes, bytes]]
"""Header fields as they are on the wire, names in lower case."""

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


TRAVELS = 0
IS_ONCE, STAYS, IS_TOLD, IS_REFUSED = 1, 2, 4, 8
"""What is done with a field, by its name; most fields just travel on."""
TOLD = frozenset({b"traceparent", b"tracestate", b"x-forwarded-for"})
"""Dropped, but for what we make of them."""
MAX_KINDS, MAX_NAME = 1024, 64
NOBODY: frozenset[bytes] = frozenset()
PLAIN_CONNECTIONS = frozenset({b"keep-alive", b"close", b"Keep-Alive", b"Close"})


@dataclass(slots=True)
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
    query = scope["query_string"]
    if query:
        check_query(query)
    fields: Fields = []
    single: dict[bytes, bytes] = {}
    told: dict[bytes, list[bytes]] = {}
    for field in scope["headers"]:
        kind = _kinds.get(field[0])
        if kind is None:
            kind = _learn(field[0])
        if kind != TRAVELS:
            _read_field(field, kind, single, told)
        if not kind & STAYS:
            fields.append(field)
    if nominated := _nominated(told.get(b"connection", ())):
        fields = [field for field in fields if field[0] not in nominated]
    return Head(
        scope["method"],
        normal_path(scope["raw_path"]),
        query,
        fields,
        single,
        b",".join(told.get(b"x-forwarded-for", ())),
        _only(told, b"traceparent"),
        _only(told, b"tracestate"),
    )


def kind_of(name: bytes) -> int:
    """What is done with a field of this name."""
    dashed = name.replace(b"_", b"-")
    # An underscored spelling is another field to us and the same one to a CGI.
    if dashed in OVERRIDES or (dashed != name and dashed in ONCE):
        return IS_REFUSED
    stays = name in OURS or name in HOP_BY_HOP or dashed != name or name.startswith(OURS_BEGIN_WITH)
    is_told = name in TOLD or name == b"connection"
    return (name in ONCE) * IS_ONCE | stays * STAYS | is_told * IS_TOLD


_kinds: dict[bytes, int] = {}


def _learn(name: bytes) -> int:
    """Names repeat; those that strangers make up take little room."""
    kind = kind_of(name)
    if len(_kinds) < MAX_KINDS and len(name) <= MAX_NAME:
        _kinds[name] = kind
    return kind


def _read_field(
    field: tuple[bytes, bytes],
    kind: int,
    single: dict[bytes, bytes],
    told: dict[bytes, list[bytes]],
) -> None:
    name, value = field
    if kind & IS_ONCE:
        if name in single:
            raise AmbiguousHeadError(_about(name))
        single[name] = value
    if kind & IS_TOLD:
        told.setdefault(name, []).append(value)
    if kind & IS_REFUSED:
        dashed = name.replace(b"_", b"-")
        raise MethodOverrideError if dashed in OVERRIDES else AmbiguousHeadError(_about(dashed))


def _nominated(values: Sequence[bytes]) -> frozenset[bytes]:
    """What `Connection` declares to be for this hop only; never what decides who asks for what."""
    if len(values) == 1 and values[0] in PLAIN_CONNECTIONS:
        return NOBODY
    names = frozenset(token.strip().lower() for value in values for token in value.split(b","))
    if names & (ONCE - HOP_BY_HOP):
        raise AmbiguousHeadError(_about(b"connection"))
    return names


def _only(told: dict[bytes, list[bytes]], wanted: bytes) -> bytes | None:
    found = told.get(wanted, ())
    return found[0] if len(found) == 1 else None


def _about(name: bytes) -> str:
    return f"{AmbiguousHeadError.sentence()} It is {name.decode()}."
