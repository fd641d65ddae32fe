"""A span for each request whose trace is kept, in the trace of its caller."""

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, SpanKind, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stitch_common.http.metrics import route_template

PROPAGATOR = TraceContextTextMapPropagator()
CARRIED = {b"traceparent": "traceparent", b"tracestate": "tracestate"}
SERVER_ERRORS = 500


class Spans:
    """They hold templates, never paths or queries: those may carry a guest's token.

    Whether a trace is kept is known before anything is noted of it, so that all others cost next to
    nothing (docs/adr/0011).
    """

    def __init__(self, app: ASGIApp, provider: trace.TracerProvider | None = None) -> None:
        self._app = app
        self._tracer = trace.get_tracer(__name__, tracer_provider=provider)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        span = self._tracer.start_span(scope["method"], _caller(scope), kind=SpanKind.SERVER)
        # Also if it is not kept: log lines and facts carry on the trace of the caller.
        with trace.use_span(span, end_on_exit=True):
            if span.is_recording():
                await self._noted(span, scope, receive, send)
            else:
                await self._app(scope, receive, send)

    async def _noted(self, span: Span, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_and_note(message: Message) -> None:
            if message["type"] == "http.response.start":
                status = message["status"]
                span.set_attribute("http.response.status_code", status)
                if status >= SERVER_ERRORS:
                    span.set_status(StatusCode.ERROR)
            await send(message)

        method = scope["method"]
        try:
            await self._app(scope, receive, send_and_note)
        finally:
            template = route_template(scope)
            span.update_name(f"{method} {template}")
            span.set_attributes({"http.request.method": method, "http.route": template})


def _caller(scope: Scope) -> Context:
    """The trace that the request belongs to; an empty one lets the sampler decide."""
    carrier = {
        CARRIED[name]: value.decode("latin-1")
        for name, value in scope["headers"]
        if name in CARRIED
    }
    return PROPAGATOR.extract(carrier, Context()) if carrier else Context()
