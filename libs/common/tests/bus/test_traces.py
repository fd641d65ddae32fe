"""One trace leads from the transaction through the outbox and the relay to the handler."""

from collections.abc import Generator

import pytest
from libs.common.tests.bus.kit import InStream, Record, Relaying, Verified
from opentelemetry import trace
from opentelemetry.instrumentation.asyncpg import AsyncPGInstrumentor
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from stitch_common.bus.consumer import BatchConsumer, Consumer
from stitch_common.bus.inbox import Received
from stitch_common.contracts import Fact
from stitch_common.contracts.auth import UserVerified
from stitch_common.testing.traffic import Traffic
from stitch_common.testing.waiting import until


@pytest.fixture(scope="module")
def provider() -> TracerProvider:
    """Set the process's tracer provider, which can be done once only."""
    provider = TracerProvider()
    trace.set_tracer_provider(provider)
    return provider


@pytest.fixture
def spans(provider: TracerProvider) -> Generator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    instrumentor = AsyncPGInstrumentor()  # type: ignore[no-untyped-call]
    instrumentor.instrument(tracer_provider=provider)
    yield exporter
    instrumentor.uninstrument()
    exporter.shutdown()


def named(spans: InMemorySpanExporter, name: str) -> ReadableSpan:
    return next(span for span in spans.get_finished_spans() if span.name == name)


async def test_a_handler_continues_the_trace_of_the_transaction(
    spans: InMemorySpanExporter,
    record: Record,
    relaying: Relaying,
    in_stream: InStream,
    traffic: Traffic,
    verified: Verified,
) -> None:
    seen: list[int] = []
    consumer = Consumer("auth-test")

    @consumer.on(UserVerified)
    async def handle(fact: UserVerified, received: Received) -> None:
        seen.append(trace.get_current_span().get_span_context().trace_id)

    with trace.get_tracer("test").start_as_current_span("request") as request:
        await record(verified(1))
    async with relaying():
        await in_stream(1)
    await traffic.handle_all(consumer)

    published = named(spans, f"{UserVerified.subject} publish")
    assert published.parent is not None
    assert published.parent.span_id == request.get_span_context().span_id
    assert seen == [request.get_span_context().trace_id]


async def test_polls_make_no_spans(
    spans: InMemorySpanExporter, relaying: Relaying, record: Record, verified: Verified
) -> None:
    async with relaying():
        await record(verified(1))

    statements = [
        str((span.attributes or {}).get("db.statement")) for span in spans.get_finished_spans()
    ]
    assert any("insert into auth.outbox" in statement for statement in statements)
    assert not any("pg_snapshot_xmin" in statement for statement in statements)
    assert not any("outbox_cursor" in statement for statement in statements)


async def test_a_batch_is_linked_to_the_traces_of_its_facts(
    spans: InMemorySpanExporter,
    record: Record,
    relaying: Relaying,
    traffic: Traffic,
    verified: Verified,
) -> None:
    async def take(_batch: list[tuple[Fact, Received]]) -> None: ...

    async with relaying():
        for user_id in range(2):
            with trace.get_tracer("test").start_as_current_span("request"):
                await record(verified(user_id))
    await traffic.handle_all(BatchConsumer("auth-batch", [UserVerified], take))

    requests = {s.context.trace_id for s in spans.get_finished_spans() if s.name == "request"}
    # The span ends a moment after its facts are settled.
    await until(lambda: linked_traces(spans, "auth-batch process") == requests)
    assert len(requests) == 2


def linked_traces(spans: InMemorySpanExporter, name: str) -> set[int]:
    found = [span for span in spans.get_finished_spans() if span.name == name]
    return {link.context.trace_id for span in found for link in span.links}
