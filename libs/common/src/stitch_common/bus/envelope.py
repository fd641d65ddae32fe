"""A fact on the wire: CloudEvents 1.0 in binary mode, the payload as JSON."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote, unquote
from uuid import UUID

from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from stitch_common.context import request_id
from stitch_common.contracts import Fact

REQUEST_ID = "x-request-id"

_TRACE = TraceContextTextMapPropagator()
# CloudEvents' HTTP binding: printable ASCII stays as it is, but for space, quote and percent.
_PLAIN = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')


@dataclass(frozen=True, slots=True)
class Envelope:
    """A fact with its identity, as the outbox keeps it and the stream carries it."""

    fact_id: UUID
    subject: str
    headers: dict[str, str]
    payload: bytes

    @classmethod
    def seal(cls, fact: Fact) -> "Envelope":
        """Give a fact its id, and the trace and request that it belongs to."""
        fact_id = uuid7(fact.at)
        headers = {
            "ce-specversion": "1.0",
            "ce-id": str(fact_id),
            "ce-source": f"/stitch/{fact.producer()}",
            "ce-type": fact.subject,
            "ce-subject": quote(fact.aggregate_id, safe=_PLAIN),
            "ce-time": fact.at.isoformat(),
            "ce-sequence": str(fact.sequence),
            "ce-dataschema": f"urn:stitch:fact:{fact.subject}",
            "content-type": "application/json",
        }
        _TRACE.inject(headers)
        if (current := request_id.get()) is not None:
            headers[REQUEST_ID] = current
        return cls(fact_id, fact.subject, headers, fact.model_dump_json().encode())


class Address(NamedTuple):
    """What the headers say about a fact, before its payload is read."""

    fact_id: UUID
    subject: str
    aggregate_id: str
    sequence: int
    occurred_at: datetime
    request_id: str | None

    @classmethod
    def read(cls, headers: Mapping[str, str]) -> "Address":
        """Raise KeyError or ValueError if this is no envelope of ours.

        The subject is that of the fact, `ce-type`: a redriven message travels on another one.
        """
        return cls(
            fact_id=UUID(headers["ce-id"]),
            subject=headers["ce-type"],
            aggregate_id=unquote(headers["ce-subject"]),
            sequence=int(headers["ce-sequence"]),
            occurred_at=datetime.fromisoformat(headers["ce-time"]),
            request_id=headers.get(REQUEST_ID),
        )


def uuid7(at: datetime) -> UUID:
    """Make an RFC 9562 id, which sorts by its millisecond."""
    milliseconds = int(at.timestamp() * 1000)
    value = (milliseconds << 80) | secrets.randbits(80)
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return UUID(int=value)
