"""Traces: OpenTelemetry over OTLP, where an endpoint is configured."""

import threading

from opentelemetry import trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ParentBased, TraceIdRatioBased

from stitch_common.settings import ServiceSettings

PATIENCE = 2.0
"""Seconds for the last spans at the end of a process."""
AT_ONCE = 128
"""Spans in an export: nothing else of the process runs while they are encoded, for 2 ms."""


class Origin(Resource):
    """Who spans are from; the SDK's own is written as JSON, for a hash, with every span."""

    def __init__(self, known: Resource) -> None:
        super().__init__(known.attributes, known.schema_url)
        self._hash = super().__hash__()

    def __hash__(self) -> int:
        return self._hash


class Tracing:
    """The export of this process's spans; without `stop` the last ones are lost."""

    def __init__(self, service: str, endpoint: str, sample_ratio: float) -> None:
        self._exporter = OTLPSpanExporter(f"{endpoint.rstrip('/')}/v1/traces", timeout=3)
        names = {"service.name": service, "service.namespace": "stitch"}
        self._provider = TracerProvider(
            resource=Origin(Resource.create(names)),
            sampler=ParentBased(TraceIdRatioBased(sample_ratio)),
        )
        self._provider.add_span_processor(
            BatchSpanProcessor(
                self._exporter, schedule_delay_millis=1000, max_export_batch_size=AT_ONCE
            )
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
