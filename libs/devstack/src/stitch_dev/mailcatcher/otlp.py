"""OTLP/HTTP in (https://opentelemetry.io/docs/specs/otlp/), and the traces as JSON for tests."""

from typing import Any

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from stitch_dev.mailcatcher.traces import Span, Trace, Traces, UnreadableTracesError, read_export

_PROTOBUF = "application/x-protobuf"


class OtlpApi:
    def __init__(self, traces: Traces) -> None:
        self._traces = traces

    def routes(self) -> list[Route]:
        return [
            Route("/v1/traces", self.receive, methods=["POST"]),
            Route("/api/v1/traces", self.list, methods=["GET"]),
            Route("/api/v1/traces", self.delete, methods=["DELETE"]),
            Route("/api/v1/traces/{trace_id}", self.get, methods=["GET"]),
        ]

    async def receive(self, request: Request) -> Response:
        if not request.headers.get("content-type", "").startswith(_PROTOBUF):
            return PlainTextResponse(f"Send {_PROTOBUF}.", status_code=415)
        encoding = request.headers.get("content-encoding", "")
        try:
            self._traces.add(read_export(await request.body(), encoding))
        except UnreadableTracesError:
            return PlainTextResponse("This is no OTLP trace export.", status_code=400)
        accepted = ExportTraceServiceResponse().SerializeToString()
        return Response(accepted, media_type=_PROTOBUF)

    async def list(self, request: Request) -> Response:
        del request
        return JSONResponse({"traces": [_summary(trace) for trace in self._traces.newest()]})

    async def get(self, request: Request) -> Response:
        trace = self._traces.find(request.path_params["trace_id"])
        if not trace:
            return PlainTextResponse("404 page not found", status_code=404)
        spans = [_span(span, depth) for span, depth in trace.tree()]
        return JSONResponse({**_summary(trace), "spans": spans})

    async def delete(self, request: Request) -> Response:
        del request
        self._traces.clear()
        return PlainTextResponse("ok")


def _summary(trace: Trace) -> dict[str, Any]:
    return {
        "id": trace.id,
        "name": trace.root.name,
        "services": trace.services,
        "span_count": len(trace.spans),
        "errors": trace.errors,
        "milliseconds": trace.milliseconds,
    }


def _span(span: Span, depth: int) -> dict[str, Any]:
    return {
        "id": span.span_id,
        "parent_id": span.parent_id,
        "depth": depth,
        "service": span.service,
        "name": span.name,
        "kind": span.kind,
        "milliseconds": span.milliseconds,
        "is_error": span.is_error,
        "attributes": span.attributes,
    }
