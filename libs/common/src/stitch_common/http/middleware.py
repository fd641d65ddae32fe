"""What surrounds every request: its id, its path without a trailing slash, its last resort."""

import re
from uuid import uuid4

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException  # noqa: TID251 - FastAPI lets only this one through
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stitch_common.bus.settlement import is_infrastructure
from stitch_common.context import request_id
from stitch_common.errors import ErrorKind, StitchError
from stitch_common.http.problems import BodyTooLargeError, internal_error, problem_of

ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
HEADER = "x-request-id"

log = structlog.get_logger(__name__)


def chosen_request_id(headers: Headers) -> str:
    """The client's id if it is well-formed and the only one, else a new one."""
    given = headers.getlist(HEADER)
    if len(given) == 1 and ACCEPTABLE_ID.fullmatch(given[0]):
        return given[0]
    return uuid4().hex


class OutageError(StitchError):
    """A part of the system that this needs is away for the moment; try again."""

    kind = ErrorKind.UNAVAILABLE
    code = "temporarily-unavailable"


def answer_to_failure(error: Exception, scope: Scope) -> Response:
    """Log a failure of ours; the caller learns whether to come back, and nothing else."""
    if is_infrastructure(error):
        log.warning("request_met_outage", method=scope["method"], error=type(error).__name__)
        return problem_of(OutageError(), scope["path"])
    log.error("request_failed", method=scope["method"], exc_info=error)
    return internal_error(scope["path"])


class RequestContext:
    """Gives every request an id, and every failure of ours a problem that shows nothing."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        chosen = chosen_request_id(Headers(scope=scope))
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                MutableHeaders(scope=message)[HEADER] = chosen
            await send(message)

        before = request_id.set(chosen)
        try:
            await self._app(scope, receive, send_with_id)
        except Exception as error:
            answer = answer_to_failure(error, scope)
            if started:
                raise
            await answer(scope, receive, send_with_id)
        finally:
            request_id.reset(before)


class TrailingSlash:
    """`/api/events/` is `/api/events`, without a redirect that would lose a body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "/")
        if scope["type"] == "http" and len(path) > 1 and path.endswith("/"):
            scope = {**scope, "path": path.rstrip("/") or "/"}
        await self._app(scope, receive, send)


class _TooLarge(HTTPException):
    """Raised while a body is read; FastAPI passes an HTTPException on and hides any other."""


class BodyLimit:
    """Refuses a body over the limit, counted on real bytes, whatever Content-Length says."""

    def __init__(self, app: ASGIApp, max_body: int) -> None:
        self._app = app
        self._max_body = max_body

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        taken = 0

        async def receive_within_limit() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > self._max_body:
                raise _TooLarge(413)
            return message

        try:
            await self._app(scope, receive_within_limit, send)
        except _TooLarge:
            refusal = problem_of(BodyTooLargeError(), scope["path"])
            await refusal(scope, receive, send)
