"""`http_server_request_duration_seconds` by route template, method and status."""

from time import perf_counter

from prometheus_client import Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

DURATION = Histogram(
    "http_server_request_duration_seconds",
    "Time from a request's head to the end of its answer",
    ["method", "route", "status"],
    buckets=(0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class RequestMetrics:
    """Labels hold templates, never paths: a path may carry a guest's token."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500
        began = perf_counter()

        async def send_and_note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note)
        finally:
            method = scope["method"] if scope["method"] in METHODS else "other"
            duration = perf_counter() - began
            DURATION.labels(method, route_template(scope), str(status)).observe(duration)


def route_template(scope: Scope) -> str:
    """The template of the matched route, such as `/rsvp/{token}`."""
    return str(getattr(scope.get("route"), "path", "unmatched"))
