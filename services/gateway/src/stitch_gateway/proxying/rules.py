"""Which header fields travel: onward to a service, and homeward to the client."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from stitch_common.context import request_id
from stitch_gateway.authentication.service import Admission
from stitch_gateway.intake.cookies import with_refresh, without_refresh
from stitch_gateway.intake.head import HOP_BY_HOP, Fields, Head
from stitch_gateway.observing.trace import onward_traceparent, parent_of
from stitch_gateway.routing.models import Match
from stitch_gateway.routing.rules import fill

AUTH = "auth"
VIA = b"1.1 stitch"
NOT_HOMEWARD = frozenset({b"date", b"server", b"via", b"x-powered-by", b"x-request-id"})
"""The gateway says these itself, or nobody does."""
NOT_HOMEWARD_BEGIN_WITH = (b"access-control-", b"x-internal-")


@dataclass(frozen=True, slots=True)
class PublicAddress:
    """Where people reach the gateway, by configuration and never by a request's Host."""

    scheme: bytes
    host: bytes

    @classmethod
    def of(cls, url: str) -> "PublicAddress":
        parts = urlsplit(url)
        return cls(parts.scheme.encode(), parts.netloc.encode())


def target_of(match: Match, head: Head) -> bytes:
    """The request target for the service: the very path that was judged, or its new place."""
    moved = match.route.moved
    path = fill(moved.template, match.values) if moved else head.path
    return path.encode() + (b"?" + head.query if head.query else b"")


def onward_fields(
    head: Head, match: Match, admission: Admission, *, client: str, public: PublicAddress
) -> Fields:
    """What the service is told about the request and about who sent it."""
    fields = [
        *head.fields,
        (b"via", VIA),
        (b"x-forwarded-for", client.encode()),
        (b"x-forwarded-host", public.host),
        (b"x-forwarded-proto", public.scheme),
        (b"x-request-id", (request_id.get() or "").encode()),
    ]
    if admission.authorization is not None:
        fields.append((b"authorization", admission.authorization))
    fields += _cookies(head, match.route.upstream)
    return fields + _trace(head)


def homeward_fields(fields: Fields) -> Fields:
    """What of a service's answer reaches the client; its framing, but for its length, is ours."""
    dropped = HOP_BY_HOP | NOT_HOMEWARD | _nominated(fields)
    if any(name == b"transfer-encoding" for name, _ in fields):
        dropped |= {b"content-length"}
    return [
        (name, value)
        for name, value in fields
        if name not in dropped and not name.startswith(NOT_HOMEWARD_BEGIN_WITH)
    ]


def _nominated(fields: Fields) -> frozenset[bytes]:
    listed = b",".join(value for name, value in fields if name == b"connection")
    return frozenset(token.strip().lower() for token in listed.split(b","))


def _cookies(head: Head, upstream: str) -> Fields:
    given = head.single.get(b"cookie")
    if given is None:
        return []
    kept = with_refresh(given) if upstream == AUTH else without_refresh(given)
    return [(b"cookie", kept)] if kept else []


def _trace(head: Head) -> Fields:
    parent = parent_of(head.traceparent)
    fields = [(b"traceparent", onward_traceparent(parent))]
    if parent is not None and head.tracestate:
        fields.append((b"tracestate", head.tracestate))
    return fields
