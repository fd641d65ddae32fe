"""W3C Trace Context at the door: a valid parent is continued, anything else is replaced.

Whether a trace is kept is decided here, before anything is made of it, and the services follow
the flag: a request whose trace is not kept costs two random numbers.
"""

import re
from dataclasses import dataclass
from random import getrandbits, random

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.sdk.trace import Tracer, TracerProvider
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import NonRecordingSpan, Span, SpanContext, SpanKind, TraceFlags

TRACEPARENT = re.compile(
    rb"00-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
)


@dataclass(slots=True)
class Hop:
    """Our part of a trace."""

    trace_id: str
    onward: bytes
    """The `traceparent` for the service."""
    is_continued: bool
    span: Span | None = None
    """Where the trace is kept."""


class Traces:
    """Begins our part of every request's trace; keeps `ratio` of those that nobody has begun."""

    def __init__(self, ratio: float, provider: trace.TracerProvider | None = None) -> None:
        self._tracer = _tracer_of(provider or trace.get_tracer_provider())
        self._ratio = ratio if self._tracer is not None else 0.0

    def begin(self, method: str, traceparent: bytes | None) -> Hop:
        parent = parent_of(traceparent) if traceparent is not None else None
        if parent is None:
            is_kept = random() < self._ratio  # noqa: S311 - which traces are kept is no secret
        else:
            is_kept = bool(parent.trace_flags & TraceFlags.SAMPLED)
        if is_kept and self._tracer is not None:
            return _kept(self._tracer, method, parent)
        trace_id = getrandbits(128) or 1 if parent is None else parent.trace_id
        flags = TraceFlags.DEFAULT if parent is None else parent.trace_flags
        return _hop(trace_id, getrandbits(64) or 1, flags, parent)

    def end(self, hop: Hop, method: str, template: str, status: int) -> None:
        if hop.span is None:
            return
        hop.span.update_name(f"{method} {template}")
        hop.span.set_attributes(
            {
                "http.request.method": method,
                "http.route": template,
                "http.response.status_code": status,
            }
        )
        hop.span.end()


def parent_of(traceparent: bytes | None) -> SpanContext | None:
    """The caller's span, if the header is a valid one."""
    given = TRACEPARENT.fullmatch(traceparent or b"")
    if given is None:
        return None
    parent = SpanContext(
        trace_id=int(given["trace"], 16),
        span_id=int(given["span"], 16),
        is_remote=True,
        trace_flags=TraceFlags(int(given["flags"], 16)),
    )
    return parent if parent.is_valid else None


def _tracer_of(provider: trace.TracerProvider) -> Tracer | None:
    """One that keeps whatever it is asked to; None if spans would go nowhere."""
    if not isinstance(provider, TracerProvider):
        return None
    tracer = provider.get_tracer("stitch_gateway.door")
    if not isinstance(tracer, Tracer):
        return None
    tracer.sampler = ALWAYS_ON  # the ratio has been applied when it is asked
    return tracer


def _kept(tracer: Tracer, method: str, parent: SpanContext | None) -> Hop:
    nobody = contexts.Context()
    around = trace.set_span_in_context(NonRecordingSpan(parent), nobody) if parent else nobody
    span = tracer.start_span(method, context=around, kind=SpanKind.SERVER)
    # A request has its own task, whose context ends with it: there is nothing to detach.
    contexts.attach(trace.set_span_in_context(span, contexts.get_current()))
    ours = span.get_span_context()
    hop = _hop(ours.trace_id, ours.span_id, ours.trace_flags, parent)
    hop.span = span
    return hop


def _hop(trace_id: int, span_id: int, flags: int, parent: SpanContext | None) -> Hop:
    shown = f"{trace_id:032x}"
    onward = f"00-{shown}-{span_id:016x}-{flags:02x}".encode()
    return Hop(shown, onward, parent is not None)
