"""Which traces are kept is decided at the door, and everybody after it follows."""

from contextvars import copy_context

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from stitch_gateway.observing.trace import Traces

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
KEPT, NOT_KEPT = f"00-{TRACE}-{SPAN}-01".encode(), f"00-{TRACE}-{SPAN}-00".encode()


class Collector:
    """Where spans go."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self.provider = TracerProvider()
        self.provider.add_span_processor(SimpleSpanProcessor(self._exporter))

    def after(
        self, ratio: float, traceparent: bytes | None, *, status: int = 200
    ) -> tuple[str, list[ReadableSpan]]:
        """The header for the service, and what was kept of the request."""
        traces = Traces(ratio, self.provider)

        def one_request() -> str:
            hop = traces.begin(traceparent)
            traces.end(hop, "GET", "/api/events/{event_id}", status)
            return hop.onward.decode()

        # As a task of its own has it: what is current in it is not current here.
        onward = copy_context().run(one_request)
        return onward, list(self._exporter.get_finished_spans())


@pytest.fixture
def collector() -> Collector:
    return Collector()


def test_a_trace_that_is_kept_tells_of_the_route_and_never_of_the_path(
    collector: Collector,
) -> None:
    onward, [span] = collector.after(1.0, None)

    assert span.name == "GET /api/events/{event_id}"
    assert dict(span.attributes or {}) == {
        "http.request.method": "GET",
        "http.route": "/api/events/{event_id}",
        "http.response.status_code": 200,
    }
    assert span.kind is SpanKind.SERVER
    assert span.start_time
    assert span.end_time
    assert span.start_time <= span.end_time
    context = span.get_span_context()
    assert context is not None
    assert onward.startswith(f"00-{context.trace_id:032x}-{context.span_id:016x}-")
    assert int(onward[-2:], 16) & 1


@pytest.mark.parametrize(
    ("status", "code"),
    [(200, StatusCode.UNSET), (499, StatusCode.UNSET), (500, StatusCode.ERROR)],
)
def test_only_what_the_server_is_to_blame_for_is_an_error(
    collector: Collector, status: int, code: StatusCode
) -> None:
    _, [span] = collector.after(1.0, None, status=status)

    assert span.status.status_code is code


def test_a_trace_that_is_not_kept_leaves_no_span_and_says_so_to_the_service(
    collector: Collector,
) -> None:
    onward, spans = collector.after(0.0, None)

    assert spans == []
    assert onward.endswith("-00")


def test_who_began_a_trace_has_decided_whether_it_is_kept(collector: Collector) -> None:
    refused, none = collector.after(1.0, NOT_KEPT)
    kept, [span] = collector.after(0.0, KEPT)

    assert none == []
    assert [each.split("-")[1] for each in (refused, kept)] == [TRACE, TRACE]
    assert SPAN not in refused + kept
    assert span.parent
    assert f"{span.parent.span_id:016x}" == SPAN


@pytest.mark.parametrize(("given", "told"), [("ff", "03"), ("fc", "00"), ("02", "02")])
def test_flags_that_nobody_has_defined_are_not_passed_on(
    collector: Collector, given: str, told: str
) -> None:
    onward, _ = collector.after(0.0, f"00-{TRACE}-{SPAN}-{given}".encode())

    assert onward.endswith(f"-{told}")


def test_what_is_logged_in_between_tells_of_a_trace_that_is_kept(collector: Collector) -> None:
    def trace_within(ratio: float) -> tuple[int, int]:
        hop = Traces(ratio, collector.provider).begin(None)
        return trace.get_current_span().get_span_context().trace_id, int(hop.trace_id, 16)

    current, ours = copy_context().run(trace_within, 1.0)
    none, _ = copy_context().run(trace_within, 0.0)

    assert current == ours
    assert none == trace.INVALID_TRACE_ID


def test_without_a_collector_nothing_is_kept() -> None:
    hop = Traces(1.0, trace.NoOpTracerProvider()).begin(None)

    assert hop.kept is None
    assert hop.onward.endswith(b"-00")
