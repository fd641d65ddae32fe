"""One message in a consumer's hands: what it is, and how it is acknowledged or parked."""

from dataclasses import dataclass

from nats.aio.msg import Msg
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from stitch_common.bus.connection import Bus
from stitch_common.bus.consumer import Consumer
from stitch_common.bus.envelope import Address
from stitch_common.bus.inbox import Received
from stitch_common.bus.publishing import ACK_SECONDS, Acknowledged
from stitch_common.bus.settlement import MalformedFactError
from stitch_common.contracts import Fact

_TRACE = TraceContextTextMapPropagator()


@dataclass(eq=False, slots=True)
class Delivery:
    """A message, and what its headers say."""

    message: Msg
    received: Received
    fact_type: type[Fact]
    aggregate: tuple[str, str, str]

    @classmethod
    def read(cls, message: Msg, consumer: Consumer) -> "Delivery":
        """Raise MalformedFactError if this is nothing that the consumer handles."""
        try:
            address = Address.read(message.headers or {})
            fact_type = next(fact for fact in consumer.facts if fact.subject == address.subject)
        except (KeyError, ValueError, StopIteration) as error:
            raise MalformedFactError(repr(error)) from error
        received = Received(
            fact_id=address.fact_id,
            consumer=consumer.name,
            subject=address.subject,
            sequence=address.sequence,
            occurred_at=address.occurred_at,
            delivered=message.metadata.num_delivered,
            request_id=address.request_id,
            stream_sequence=message.metadata.sequence.stream,
            traceparent=(message.headers or {}).get("traceparent"),
        )
        aggregate = (fact_type.producer(), fact_type.aggregate, address.aggregate_id)
        return cls(message, received, fact_type, aggregate)

    def fact(self) -> Fact:
        """Parse the payload; raise MalformedFactError."""
        try:
            return self.fact_type.model_validate_json(self.message.data)
        except ValueError as error:
            raise MalformedFactError(str(error)) from error

    def link(self) -> trace.Link | None:
        """Lead from a batch's span to the trace of this fact."""
        if self.received.traceparent is None:
            return None
        context = trace.get_current_span(_TRACE.extract(self.message.headers or {}))
        span = context.get_span_context()
        return trace.Link(span) if span.is_valid else None


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
    Acknowledged(answer.data)
