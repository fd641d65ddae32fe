"""W3C Trace Context at the door: a valid parent is continued, anything else is replaced."""

import re
import secrets

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags

TRACEPARENT = re.compile(
    rb"00-(?P<trace>[0-9a-f]{32})-(?P<span>[0-9a-f]{16})-(?P<flags>[0-9a-f]{2})"
)


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


def context_of(parent: SpanContext | None) -> Context | None:
    return trace.set_span_in_context(NonRecordingSpan(parent)) if parent else None


def onward_traceparent(parent: SpanContext | None) -> bytes:
    """The header for the service; with tracing off we still are a hop with an id of its own."""
    current = trace.get_current_span().get_span_context()
    if current.is_valid and (parent is None or current.span_id != parent.span_id):
        return _header(current.trace_id, current.span_id, current.trace_flags)
    trace_id = parent.trace_id if parent else secrets.randbits(128) or 1
    flags = parent.trace_flags if parent else TraceFlags.DEFAULT
    return _header(trace_id, secrets.randbits(64) or 1, flags)


def _header(trace_id: int, span_id: int, flags: int) -> bytes:
    return f"00-{trace_id:032x}-{span_id:016x}-{flags:02x}".encode()
