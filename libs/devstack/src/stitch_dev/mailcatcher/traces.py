"""The newest traces, in memory, as an OTLP/HTTP receiver collects them."""

import gzip
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from google.protobuf.message import DecodeError  # type: ignore[import-untyped] # no stubs
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.trace.v1 import trace_pb2

_MOST_TRACES = 500
_MOST_SPANS = 2_000
_MOST_SPANS_IN_ALL = 20_000
_MILLISECOND = 1_000_000
_KINDS = {
    number: name.removeprefix("SPAN_KIND_").lower()
    for name, number in trace_pb2.Span.SpanKind.items()
}


class UnreadableTracesError(Exception):
    """The body is no OTLP trace export in protobuf."""


@dataclass(frozen=True)
class Span:
    trace_id: str
    span_id: str
    parent_id: str
    service: str
    name: str
    kind: str
    started_ns: int
    ended_ns: int
    is_error: bool
    attributes: dict[str, str]

    @property
    def milliseconds(self) -> float:
        return (self.ended_ns - self.started_ns) / _MILLISECOND


@dataclass
class Trace:
    id: str
    spans: list[Span] = field(default_factory=list)

    @property
    def root(self) -> Span:
        """The span that began it, or the earliest one while that has not arrived."""
        known = {span.span_id for span in self.spans}
        heads = [span for span in self.spans if span.parent_id not in known]
        return min(heads or self.spans, key=lambda span: span.started_ns)

    @property
    def services(self) -> list[str]:
        return list(dict.fromkeys(span.service for span, _ in self.tree()))

    @property
    def errors(self) -> int:
        return sum(span.is_error for span in self.spans)

    @property
    def started_ns(self) -> int:
        return min(span.started_ns for span in self.spans)

    @property
    def started_at(self) -> datetime:
        return datetime.fromtimestamp(self.started_ns / 1e9, UTC)

    @property
    def milliseconds(self) -> float:
        ended_ns = max(span.ended_ns for span in self.spans)
        return (ended_ns - self.started_ns) / _MILLISECOND

    def tree(self) -> list[tuple[Span, int]]:
        """Give every span with its depth, parents before children, in order of time."""
        known = {span.span_id for span in self.spans}
        children: dict[str, list[Span]] = {}
        for span in sorted(self.spans, key=lambda span: span.started_ns):
            parent = span.parent_id if span.parent_id in known else ""
            children.setdefault(parent, []).append(span)
        return list(_descend(children))


class Traces:
    def __init__(
        self,
        *,
        most_traces: int = _MOST_TRACES,
        most_spans: int = _MOST_SPANS,
        most_spans_in_all: int = _MOST_SPANS_IN_ALL,
    ) -> None:
        self._most_traces = most_traces
        self._most_spans = most_spans
        self._most_spans_in_all = most_spans_in_all
        self._traces: dict[str, Trace] = {}
        self._spans = 0

    def __len__(self) -> int:
        return len(self._traces)

    def add(self, spans: Sequence[Span]) -> None:
        """Keep them; a trace that grows counts as new, the oldest ones go."""
        for span in spans:
            trace = self._traces.pop(span.trace_id, None) or Trace(span.trace_id)
            self._traces[span.trace_id] = trace
            if len(trace.spans) < self._most_spans:
                trace.spans.append(span)
                self._spans += 1
        while len(self._traces) > self._most_traces or self._spans > self._most_spans_in_all:
            oldest = self._traces.pop(next(iter(self._traces)))
            self._spans -= len(oldest.spans)

    def newest(self) -> list[Trace]:
        return sorted(self._traces.values(), key=lambda trace: trace.started_ns, reverse=True)

    def find(self, trace_id: str) -> Trace | None:
        return self._traces.get(trace_id)

    def clear(self) -> None:
        self._traces.clear()
        self._spans = 0


def read_export(body: bytes, encoding: str) -> list[Span]:
    """Read the body of an OTLP/HTTP export; raise UnreadableTracesError."""
    try:
        export = ExportTraceServiceRequest.FromString(
            gzip.decompress(body) if encoding == "gzip" else body
        )
    except (DecodeError, OSError, EOFError) as error:
        raise UnreadableTracesError from error
    return list(_spans(export))


def _spans(export: ExportTraceServiceRequest) -> Iterator[Span]:
    for resource in export.resource_spans:
        service = _attributes(resource.resource.attributes).get("service.name", "unknown")
        for scope in resource.scope_spans:
            yield from (_span(span, service) for span in scope.spans)


def _span(span: trace_pb2.Span, service: str) -> Span:
    return Span(
        trace_id=span.trace_id.hex(),
        span_id=span.span_id.hex(),
        parent_id=span.parent_span_id.hex(),
        service=service,
        name=span.name,
        kind=_KINDS.get(span.kind, ""),
        started_ns=span.start_time_unix_nano,
        ended_ns=span.end_time_unix_nano,
        is_error=span.status.code == trace_pb2.Status.STATUS_CODE_ERROR,
        attributes=_attributes(span.attributes),
    )


def _attributes(pairs: Sequence[KeyValue]) -> dict[str, str]:
    return {pair.key: str(_value(pair.value)) for pair in pairs}


def _value(value: AnyValue) -> Any:
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [_value(item) for item in value.array_value.values]
    return getattr(value, kind) if kind else ""


def _descend(children: dict[str, list[Span]]) -> Iterator[tuple[Span, int]]:
    waiting = [(span, 0) for span in reversed(children.pop("", []))]
    while waiting:
        span, depth = waiting.pop()
        yield span, depth
        # Popped, so that a span that names itself as its parent ends the walk.
        below = children.pop(span.span_id, [])
        waiting.extend((child, depth + 1) for child in reversed(below))
