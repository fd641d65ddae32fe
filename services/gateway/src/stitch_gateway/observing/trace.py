"""W3C Trace Context at the door: a valid parent is continued, anything else is replaced.

Whether a trace is kept is decided here, before anything is made of it, and the services follow
the flag: a request whose trace is not kept costs two random numbers. Of one that is kept the span
is made when it is over, out of what is known then: one that could be added to meanwhile costs
four times as much.
"""

import re
from dataclasses import dataclass
from random import getrandbits, random
from time import time_ns

from opentelemetry import context as contexts
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, Tracer, TracerProvider
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import (
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
)

TRACEPARENT = re.compile(
    rb"00-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
)
SCOPE = InstrumentationScope("stitch_gateway.door")
UNSET, FAILED = Status(), Status(StatusCode.ERROR)
SERVER_ERRORS = 500
SAMPLED, NOT_SAMPLED = TraceFlags(TraceFlags.SAMPLED), TraceFlags(TraceFlags.DEFAULT)
KNOWN_FLAGS = TraceFlags.SAMPLED | TraceFlags.RANDOM_TRACE_ID
"""Others must be zero in what we send (W3C Trace Context §3.2.2.5)."""


@dataclass(slots=True)
class Hop:
    """Our part of a trace."""

    onward: bytes
    """The `traceparent` for the service."""
    parent: SpanContext | None
    """The caller's span, whose trace this is."""
    kept: SpanContext | None = None
    """Our span's, where the trace is kept."""
    began: int = 0
    """In nanoseconds since 1970, where it is."""

    @property
    def trace_id(self) -> str:
        return self.onward[3:35].decode()

    @property
    def is_continued(self) -> bool:
        return self.parent is not None


class Traces:
    """Begins our part of every request's trace; keeps `ratio` of those that nobody has begun."""

    def __init__(self, ratio: float, provider: trace.TracerProvider | None = None) -> None:
        self._tracer = _tracer_of(provider or trace.get_tracer_provider())
        self._ratio = ratio if self._tracer is not None else 0.0

    def begin(self, traceparent: bytes | None) -> Hop:
        parent = parent_of(traceparent) if traceparent is not None else None
        if parent is not None:
            trace_id, flags = parent.trace_id, parent.trace_flags
        else:
            is_kept = random() < self._ratio  # noqa: S311 - which traces are kept is no secret
            trace_id, flags = getrandbits(128) or 1, SAMPLED if is_kept else NOT_SAMPLED
        span_id = getrandbits(64) or 1
        hop = Hop(b"00-%032x-%016x-%02x" % (trace_id, span_id, flags), parent)
        if flags & SAMPLED and self._tracer is not None:
            hop.kept = SpanContext(trace_id, span_id, is_remote=False, trace_flags=flags)
            hop.began = time_ns()
            _make_current(hop.kept)
        return hop

    def end(self, hop: Hop, method: str, template: str, status: int) -> None:
        if hop.kept is None or self._tracer is None:
            return
        span = ReadableSpan(
            f"{method} {template}",
            hop.kept,
            hop.parent,
            self._tracer.resource,
            {
                "http.request.method": method,
                "http.route": template,
                "http.response.status_code": status,
            },
            kind=SpanKind.SERVER,
            status=FAILED if status >= SERVER_ERRORS else UNSET,
            instrumentation_scope=SCOPE,
            start_time=hop.began,
            end_time=time_ns(),
        )
        self._tracer.span_processor.on_end(span)


def parent_of(traceparent: bytes | None) -> SpanContext | None:
    """The caller's span, if the header is a valid one."""
    given = TRACEPARENT.fullmatch(traceparent or b"")
    if given is None:
        return None
    parent = SpanContext(
        trace_id=int(given["trace"], 16),
        span_id=int(given["span"], 16),
        is_remote=True,
        trace_flags=TraceFlags(int(given["flags"], 16) & KNOWN_FLAGS),
    )
    return parent if parent.is_valid else None


def _tracer_of(provider: trace.TracerProvider) -> Tracer | None:
    """None if spans would go nowhere."""
    if not isinstance(provider, TracerProvider):
        return None
    tracer = provider.get_tracer(SCOPE.name)
    return tracer if isinstance(tracer, Tracer) else None


def _make_current(span: SpanContext) -> None:
    """So that log lines tell of its trace.

    A request has its own task, whose context ends with it: there is nothing to detach.
    """
    contexts.attach(trace.set_span_in_context(NonRecordingSpan(span)))
