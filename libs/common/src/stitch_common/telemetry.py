"""Traces: OpenTelemetry over OTLP, where an endpoint is configured."""

import re
import threading

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased
from starlette.types import Scope

from stitch_common.settings import ServiceSettings

LINK_TOKEN = re.compile(r"(?<=/)[A-Za-z0-9_-]{40,}")
ADDRESSES = ("http.target", "http.url", "url.path", "url.full")

PATIENCE = 2.0
"""Seconds for the last spans at the end of a process."""


class Tracing:
    """The export of this process's spans; without `stop` the last ones are lost."""

    def __init__(self, service: str, endpoint: str, sample_ratio: float) -> None:
        self._exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=3)
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": service, "service.namespace": "stitch"}),
            sampler=ParentBased(TraceIdRatioBased(sample_ratio)),
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(self._exporter, schedule_delay_millis=1000)
        )
        trace.set_tracer_provider(self._provider)
        AsyncPGInstrumentor().instrument(  # type: ignore[no-untyped-call]
            tracer_provider=self._provider
        )

    def stop(self) -> None:
        """Send what waits; blocks, but not for a collector that is away."""
        limit = threading.Timer(PATIENCE, self._exporter.shutdown)
        limit.daemon = True
        limit.start()
        self._provider.shutdown()
        limit.cancel()


def start_tracing(service: str, settings: ServiceSettings) -> Tracing | None:
    """Begin to export spans, if there is somewhere to send them."""
    if settings.otlp_endpoint is None:
        return None
    return Tracing(service, settings.otlp_endpoint, settings.trace_sample_ratio)


def hide_link_tokens(span: trace.Span, _scope: Scope) -> None:
    """Record a path that carries a link's token without it; whoever reads traces is no guest."""
    recorded = getattr(span, "attributes", None) or {}
    for name in ADDRESSES:
        if name in recorded:
            span.set_attribute(name, LINK_TOKEN.sub("{token}", str(recorded[name])))
