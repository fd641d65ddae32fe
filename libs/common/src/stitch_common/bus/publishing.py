"""From the relay to the stream: many facts as one atomic batch (ADR-50), few of them singly."""

import json
from collections.abc import Generator, Sequence
from contextlib import contextmanager

from nats.errors import Error as NatsError
from nats.js.api import Header
from nats.nuid import NUID
from opentelemetry import trace
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from stitch_common.bus.connection import Bus
from stitch_common.bus.envelope import Envelope

ACK_SECONDS = 10
FEW = 8
"""From here on four writes to the disk for a batch are fewer than one for each fact."""

OWN_HEADERS = 1024
"""Bytes that publishing may add to a fact: its id, its place in a batch, a trace."""

_TRACE = TraceContextTextMapPropagator()
_tracer = trace.get_tracer("stitch.bus")
_nuid = NUID()


class RefusedError(NatsError):
    """The stream did not take what was published."""


def sequence_in(answer: bytes) -> int:
    """Where the message stands in the stream, a repeated one where it stood; or RefusedError."""
    fields = json.loads(answer or b"{}")
    if not fields.get("seq"):  # a refusal may carry a sequence too: zero
        raise RefusedError(fields.get("error", {}).get("description", "no answer"))
    return int(fields["seq"])


async def publish(bus: Bus, envelopes: Sequence[Envelope]) -> int:
    """Publish in this order; give the last one's sequence when it is on the brokers' disks.

    Raises RefusedError, or an error of nats-py; then any first part may be stored. Every fact
    carries its id, so publishing again is always right.
    """
    with _traced(envelopes):
        if len(envelopes) >= FEW:
            try:
                return await _publish_batch(bus, envelopes)
            except RefusedError:
                pass  # one repeated fact refuses the batch; singly, only itself is left out
        for envelope in envelopes:
            last = await _publish_one(bus, envelope)
        return last


async def _publish_one(bus: Bus, envelope: Envelope) -> int:
    headers = {**envelope.headers, Header.MSG_ID.value: str(envelope.fact_id)}
    return await _request(bus, envelope, headers)


async def _publish_batch(bus: Bus, envelopes: Sequence[Envelope]) -> int:
    batch = _nuid.next().decode()
    last = len(envelopes)
    for number, envelope in enumerate(envelopes, start=1):
        headers = {
            **envelope.headers,
            Header.MSG_ID.value: str(envelope.fact_id),
            Header.BATCH_ID.value: batch,
            Header.BATCH_SEQUENCE.value: str(number),
        }
        if number == last:
            return await _request(bus, envelope, {**headers, Header.BATCH_COMMIT.value: "1"})
        await bus.client.publish(envelope.subject, envelope.payload, headers=headers)
    raise ValueError(envelopes)


async def _request(bus: Bus, envelope: Envelope, headers: dict[str, str]) -> int:
    answer = await bus.client.request(
        envelope.subject, envelope.payload, timeout=ACK_SECONDS, headers=headers
    )
    return sequence_in(answer.data)


@contextmanager
def _traced(envelopes: Sequence[Envelope]) -> Generator[None]:
    """Continue the trace of each fact's transaction, and let consumers continue ours."""
    spans = []
    for envelope in envelopes:
        if "traceparent" in envelope.headers:
            span = _tracer.start_span(
                f"{envelope.subject} publish",
                context=_TRACE.extract(envelope.headers),
                kind=trace.SpanKind.PRODUCER,
            )
            _TRACE.inject(envelope.headers, context=trace.set_span_in_context(span))
            spans.append(span)
    try:
        yield
    finally:
        for span in spans:
            span.end()
