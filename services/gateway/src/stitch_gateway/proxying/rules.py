"""Which header fields travel: onward to a service, and homeward to the client."""

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import urlsplit

from stitch_gateway.authentication.service import Admission
from stitch_gateway.intake.cookies import with_refresh, without_refresh
from stitch_gateway.intake.head import HOP_BY_HOP, Fields, Head
from stitch_gateway.observing.exchange import Exchange
from stitch_gateway.routing.models import Match
from stitch_gateway.routing.rules import fill

AUTH = "auth"
VIA = b"1.1 stitch"
NOT_HOMEWARD = frozenset({b"date", b"server", b"via", b"x-powered-by", b"x-request-id"})
"""The gateway says these itself, or nobody does."""
NOMINATING = (b"connection", b"transfer-encoding")
NOT_HOMEWARD_BEGIN_WITH = (b"access-control-", b"x-internal-")


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """Where people reach the gateway, by configuration and never by a request's Host."""

    fields: tuple[tuple[bytes, bytes], ...]

    @classmethod
    def of(cls, url: str) -> "PublicAddress":
        parts = urlsplit(url)
        return cls(
            (
                (b"via", VIA),
                (b"x-forwarded-host", parts.netloc.encode()),
                (b"x-forwarded-proto", parts.scheme.encode()),
            )
        )


def target_of(match: Match, head: Head) -> bytes:
    """The request target for the service: the very path that was judged, or its new place."""
    moved = match.route.moved
    path = fill(moved.template, match.values) if moved else head.path
    return path.encode() + (b"?" + head.query if head.query else b"")


def onward_fields(
    head: Head,
    match: Match,
    admission: Admission,
    *,
    client: str,
    public: PublicAddress,
    exchange: Exchange,
) -> Fields:
    """What the service is told about the request and about who sent it."""
    fields = [
        *head.fields,
        *public.fields,
        (b"x-forwarded-for", client.encode()),
        (b"x-request-id", exchange.request_id.encode()),
        (b"traceparent", exchange.hop.onward),
    ]
    if exchange.hop.is_continued and head.tracestate:
        fields.append((b"tracestate", head.tracestate))
    if admission.authorization is not None:
        fields.append((b"authorization", admission.authorization))
    if b"cookie" in head.single:
        fields += _cookies(head.single[b"cookie"], match.route.upstream)
    return fields


def homeward_fields(fields: Fields) -> Fields:
    """What of a service's answer reaches the client; its framing, but for its length, is ours."""
    kept: Fields = []
    dropped: list[bytes] = []
    for field in fields:
        if _travels_home(field[0]):
            kept.append(field)
        elif field[0] in NOMINATING:
            dropped += _nominated(*field)
    return [field for field in kept if field[0] not in dropped] if dropped else kept


@lru_cache(maxsize=1024)
def _travels_home(name: bytes) -> bool:
    return name not in HOP_BY_HOP | NOT_HOMEWARD and not name.startswith(NOT_HOMEWARD_BEGIN_WITH)


def _nominated(name: bytes, value: bytes) -> list[bytes]:
    """What this field takes out of the answer that it is in."""
    if name == b"transfer-encoding":
        return [b"content-length"]
    return [token.strip().lower() for token in value.split(b",")]


def _cookies(given: bytes, upstream: str) -> Fields:
    kept = with_refresh(given) if upstream == AUTH else without_refresh(given)
    return [(b"cookie", kept)] if kept else []
