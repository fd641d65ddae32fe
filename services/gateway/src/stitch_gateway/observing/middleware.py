"""A span, a log line and a count for every request."""

from time import perf_counter

import structlog
from opentelemetry import trace
from opentelemetry.trace import Span, SpanKind
from prometheus_client import Counter
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stitch_common.http.metrics import route_template
from stitch_gateway.observing.record import record_of
from stitch_gateway.observing.trace import context_of, parent_of

OUTCOMES = Counter(
    "stitch_gateway_requests_total",
    "Requests by route template and by how they ended",
    ["route", "outcome"],
)
NO_ANSWER = 499
"""As nginx has it: the client left before there was one."""

log = structlog.get_logger("stitch_gateway.access")
tracer = trace.get_tracer("stitch_gateway")


class Observed:
    """Watches the gateway work; templates only, because paths may carry a guest's token."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        given = Headers(scope=scope).getlist("traceparent")
        parent = parent_of(given[0].encode()) if len(given) == 1 else None
        with tracer.start_as_current_span(
            scope["method"], context=context_of(parent), kind=SpanKind.SERVER
        ) as span:
            await self._watch(span, scope, receive, send)

    async def _watch(self, span: Span, scope: Scope, receive: Receive, send: Send) -> None:
        began, status, sent = perf_counter(), NO_ANSWER, 0

        async def send_and_note(message: Message) -> None:
            nonlocal status, sent
            if message["type"] == "http.response.start":
                status = message["status"]
            else:
                sent += len(message.get("body", b""))
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        except Exception:
            record_of(scope).outcome = "internal-error"
            status = 500
            raise
        finally:
            template = route_template(scope)
            record = record_of(scope)
            OUTCOMES.labels(template, record.outcome).inc()
            _describe(span, scope["method"], template, status)
            log.info(
                "request",
                method=scope["method"],
                route=template,
                status=status,
                outcome=record.outcome,
                upstream=record.upstream,
                user_id=record.user_id,
                bytes=sent,
                ms=round((perf_counter() - began) * 1000, 1),
            )


def _describe(span: Span, method: str, template: str, status: int) -> None:
    span.update_name(f"{method} {template}")
    span.set_attribute("http.request.method", method)
    span.set_attribute("http.route", template)
    span.set_attribute("http.response.status_code", status)
