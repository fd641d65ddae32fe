"""Every service's part of a trace: one span a request, by template."""

import httpx
import pytest
from fastapi import FastAPI
from opentelemetry import trace
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from opentelemetry.trace import StatusCode
from starlette.types import Receive, Scope, Send

from stitch_common.http.spans import Spans
from stitch_common.testing.services import client_of
from stitch_common.testing.tokens import Issuer

TRACE, CALLER = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
KEPT = {"traceparent": f"00-{TRACE}-{CALLER}-01"}
NOT_KEPT = {"traceparent": f"00-{TRACE}-{CALLER}-00"}


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> TracerProvider:
    """Keeps what the caller keeps, and of all others nothing."""
    provider = TracerProvider(sampler=ParentBased(TraceIdRatioBased(0.0)))
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


@pytest.fixture
def traced(app: FastAPI, provider: TracerProvider) -> httpx.AsyncClient:
    return client_of(Spans(app, provider))


async def test_a_request_is_a_span_in_the_trace_of_its_caller(
    traced: httpx.AsyncClient, exporter: InMemorySpanExporter, issuer: Issuer
) -> None:
    await traced.put("/api/sample/notes/7?x=secret", headers=KEPT | issuer.headers())

    (span,) = exporter.get_finished_spans()
    assert span.name == "PUT /api/sample/notes/{note_id}"
    assert span.attributes == {
        "http.request.method": "PUT",
        "http.route": "/api/sample/notes/{note_id}",
        "http.response.status_code": 400,
    }
    assert span.context is not None
    assert span.parent is not None
    assert f"{span.context.trace_id:032x}" == TRACE
    assert f"{span.parent.span_id:016x}" == CALLER


@pytest.mark.parametrize("headers", [{}, NOT_KEPT, {"traceparent": "nonsense"}])
async def test_a_trace_that_is_not_kept_has_no_spans(
    traced: httpx.AsyncClient, exporter: InMemorySpanExporter, headers: dict[str, str]
) -> None:
    answer = await traced.get("/api/sample/public", headers=headers)

    assert answer.status_code == 200
    assert not exporter.get_finished_spans()


@pytest.mark.parametrize(
    ("method", "path"), [("HEAD", "/api/sample/public"), ("GET", "/api/sample/public/")]
)
async def test_a_route_is_known_however_it_is_asked_for(
    traced: httpx.AsyncClient, exporter: InMemorySpanExporter, method: str, path: str
) -> None:
    await traced.request(method, path, headers=KEPT)

    (span,) = exporter.get_finished_spans()
    assert span.name == f"{method} /api/sample/public"


async def test_a_path_that_nobody_knows_is_in_no_span(
    traced: httpx.AsyncClient, exporter: InMemorySpanExporter
) -> None:
    await traced.get("/api/sample/nowhere", headers=KEPT)

    (span,) = exporter.get_finished_spans()
    assert span.name == "GET unmatched"


async def test_a_failure_of_ours_is_a_failed_span(
    traced: httpx.AsyncClient, exporter: InMemorySpanExporter, issuer: Issuer
) -> None:
    await traced.get("/api/sample/boom", headers=KEPT | issuer.headers())

    (span,) = exporter.get_finished_spans()
    assert span.status.status_code is StatusCode.ERROR


@pytest.mark.parametrize("is_exporting", [True, False])
@pytest.mark.parametrize("headers", [KEPT, NOT_KEPT])
async def test_the_trace_of_the_caller_goes_on(
    provider: TracerProvider, headers: dict[str, str], *, is_exporting: bool
) -> None:
    seen: list[int] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        seen.append(trace.get_current_span().get_span_context().trace_id)
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body"})

    traced = Spans(app, provider if is_exporting else trace.NoOpTracerProvider())
    await client_of(traced).get("/", headers=headers)

    assert [f"{one:032x}" for one in seen] == [TRACE]
