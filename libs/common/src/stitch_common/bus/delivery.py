"""One message in a consumer's hands: what it is, and how it is acknowledged or parked."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

from nats.aio.msg import Msg
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from stitch_common.bus.connection import Bus
from stitch_common.bus.envelope import Address
from stitch_common.bus.inbox import Received
from stitch_common.bus.publishing import ACK_SECONDS, sequence_in
from stitch_common.bus.settlement import MalformedFactError
from stitch_common.contracts import Fact

_TRACE = TraceContextTextMapPropagator()
_SHORT = 9
"""Words of a reply subject without domain and account."""


class Position(NamedTuple):
    """Where a message stands in the stream, and how often it was delivered.

    ADR-15's `$JS.ACK.[<domain>.<account>.]<stream>.<consumer>.<delivered>.<sequence>…`; nats-py's
    `metadata` says more, and takes as long as the payload.
    """

    delivered: int
    sequence: int

    @classmethod
    def of(cls, message: Msg) -> "Position":
        tokens = message.reply.split(".")
        first = 4 if len(tokens) == _SHORT else 6
        return cls(int(tokens[first]), int(tokens[first + 1]))


@dataclass(eq=False, slots=True)
class Delivery:
    """A message, and the fact in it."""

    message: Msg
    received: Received
    fact: Fact
    aggregate_id: str

    @classmethod
    def read(
        cls, message: Msg, position: Position, *, consumer: str, facts: Mapping[str, type[Fact]]
    ) -> "Delivery":
        """Raise MalformedFactError if this is none of these facts."""
        headers = message.headers or {}
        try:
            address = Address.read(headers)
            fact = facts[address.subject].model_validate_json(message.data)
        except (KeyError, ValueError) as error:
            raise MalformedFactError(repr(error)) from error
        received = Received(
            fact_id=address.fact_id,
            consumer=consumer,
            subject=address.subject,
            sequence=address.sequence,
            occurred_at=address.occurred_at,
            delivered=position.delivered,
            request_id=address.request_id,
            stream_sequence=position.sequence,
            traceparent=headers.get("traceparent"),
        )
        return cls(message, received, fact, address.aggregate_id)

    @property
    def aggregate(self) -> tuple[str, str, str]:
        """What the fact is about, among all that facts can be about."""
        return (*_kind(type(self.fact)), self.aggregate_id)

    def context(self) -> Context:
        """Where the trace of this fact goes on."""
        return _TRACE.extract(self.message.headers or {})

    def link(self) -> trace.Link | None:
        """Lead from a batch's span to the trace of this fact."""
        if self.received.traceparent is None:
            return None
        span = trace.get_current_span(self.context()).get_span_context()
        return trace.Link(span) if span.is_valid else None


@cache
def _kind(fact: type[Fact]) -> tuple[str, str]:
    return fact.producer(), fact.aggregate


async def park(bus: Bus, message: Msg, consumer: str, reason: str) -> None:
    """Put a message into STITCH_DLQ, once, with all that a redrive needs."""
    metadata = message.metadata
    headers = {
        **{name: value for name, value in (message.headers or {}).items() if name[:5] != "Nats-"},
        "Nats-Msg-Id": f"{consumer}/{metadata.sequence.stream}/{metadata.timestamp.timestamp()}",
        "stitch-consumer": consumer,
        "stitch-subject": message.subject,
        "stitch-sequence": str(metadata.sequence.stream),
        "stitch-delivered": str(metadata.num_delivered),
        # A header that is not ASCII comes back as no text.
        "stitch-error": reason.encode("ascii", "backslashreplace").decode(),
    }
    subject = f"stitch._dlq.{consumer}.{(message.headers or {}).get('ce-type', message.subject)}"
    answer = await bus.client.request(subject, message.data, timeout=ACK_SECONDS, headers=headers)
    sequence_in(answer.data)  # or an error
