"""The trace list: what the services export is put together again."""

import gzip

import httpx
import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue
from opentelemetry.proto.resource.v1.resource_pb2 import Resource
from opentelemetry.proto.trace.v1.trace_pb2 import ResourceSpans, ScopeSpans, Span, Status

from stitch_dev.mailcatcher.traces import Traces, read_export

PROTOBUF = {"content-type": "application/x-protobuf"}


def export(
    service: str, name: str, *, trace: int = 1, span: int, parent: int = 0, failed: bool = False
) -> bytes:
    made = Span(
        trace_id=trace.to_bytes(16),
        span_id=span.to_bytes(8),
        parent_span_id=parent.to_bytes(8) if parent else b"",
        name=name,
        kind=Span.SpanKind.SPAN_KIND_SERVER,
        start_time_unix_nano=span * 1_000_000,
        end_time_unix_nano=10_000_000,
        attributes=[KeyValue(key="http.route", value=AnyValue(string_value="/x"))],
        status=Status(code=Status.STATUS_CODE_ERROR if failed else Status.STATUS_CODE_UNSET),
    )
    resource = Resource(
        attributes=[KeyValue(key="service.name", value=AnyValue(string_value=service))]
    )
    scope = ScopeSpans(spans=[made])
    spans = [ResourceSpans(resource=resource, scope_spans=[scope])]
    return bytes(ExportTraceServiceRequest(resource_spans=spans).SerializeToString())


async def test_spans_of_several_services_become_one_trace(client: httpx.AsyncClient) -> None:
    bodies = [
        export("notifications", "deliver", span=3, parent=2, failed=True),
        export("gateway", "POST /api", span=1),
        export("events", "POST /events", span=2, parent=1),
    ]
    for body in bodies:
        assert (await client.post("/v1/traces", content=body, headers=PROTOBUF)).status_code == 200

    listed = (await client.get("/api/v1/traces")).json()["traces"]
    trace = (await client.get(f"/api/v1/traces/{listed[0]['id']}")).json()

    assert listed[0]["name"] == "POST /api"
    assert listed[0]["services"] == ["gateway", "events", "notifications"]
    assert (listed[0]["span_count"], listed[0]["errors"]) == (3, 1)
    assert [(span["name"], span["depth"]) for span in trace["spans"]] == [
        ("POST /api", 0),
        ("POST /events", 1),
        ("deliver", 2),
    ]
    assert trace["spans"][0]["attributes"] == {"http.route": "/x"}


async def test_compressed_exports_are_read(client: httpx.AsyncClient) -> None:
    answer = await client.post(
        "/v1/traces",
        content=gzip.compress(export("gateway", "GET /", span=1)),
        headers=PROTOBUF | {"content-encoding": "gzip"},
    )

    assert answer.headers["content-type"] == "application/x-protobuf"
    assert len((await client.get("/api/v1/traces")).json()["traces"]) == 1


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (PROTOBUF, 400),
        (PROTOBUF | {"content-encoding": "gzip"}, 400),
        ({"content-type": "application/json"}, 415),
    ],
)
async def test_what_is_no_export_is_refused(
    client: httpx.AsyncClient, headers: dict[str, str], status: int
) -> None:
    answer = await client.post("/v1/traces", content=b"\xffnonsense", headers=headers)

    assert answer.status_code == status


async def test_the_pages_show_traces_and_their_spans(
    client: httpx.AsyncClient, traces: Traces
) -> None:
    traces.add(read_export(export("gateway", "GET <x>", span=1), ""))

    listed = await client.get("/traces")
    shown = await client.get(f"/traces/{traces.newest()[0].id}")

    assert "GET &lt;x&gt;" in listed.text
    assert "http.route" in shown.text
    assert (await client.get("/traces/unknown")).status_code == 404


def test_the_oldest_traces_and_endless_spans_go() -> None:
    traces = Traces(most_traces=2, most_spans=3)
    for number in range(1, 4):
        for span in range(1, 6):
            traces.add(read_export(export("x", "y", trace=number, span=span), ""))

    assert sorted(len(trace.spans) for trace in traces.newest()) == [3, 3]


def test_the_oldest_traces_go_when_all_have_too_many_spans() -> None:
    traces = Traces(most_spans_in_all=5)
    for number in range(1, 4):
        for span in range(1, 3):
            traces.add(read_export(export("x", "y", trace=number, span=span), ""))

    assert [len(trace.spans) for trace in traces.newest()] == [2, 2]


def test_spans_in_a_circle_do_not_hang() -> None:
    traces = Traces()
    traces.add(read_export(export("x", "a", span=1, parent=2), ""))
    traces.add(read_export(export("x", "b", span=2, parent=1), ""))

    assert traces.newest()[0].tree() == []
    assert traces.newest()[0].root.name == "a"
