"""What surrounds every request: its id, its path without a trailing slash, its last resort."""

import re
from collections.abc import Sequence
from random import getrandbits

import structlog
from starlette.exceptions import HTTPException  # noqa: TID251 - FastAPI lets only this one through
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stitch_common.bus.settlement import is_infrastructure
from stitch_common.context import request_id
from stitch_common.errors import ErrorKind, StitchError
from stitch_common.http.problems import BodyTooLargeError, internal_error, problem_of

ACCEPTABLE_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
HEADER = b"x-request-id"

log = structlog.get_logger(__name__)


def chosen_request_id(headers: Sequence[tuple[bytes, bytes]]) -> str:
    """The client's id if it is well-formed and the only one, else a new one."""
    given = [value.decode("latin-1") for name, value in headers if name == HEADER]
    if len(given) == 1 and ACCEPTABLE_ID.fullmatch(given[0]):
        return given[0]
    return f"{getrandbits(128):032x}"


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
        chosen = chosen_request_id(scope["headers"])
        started = False

        async def send_with_id(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], (HEADER, chosen.encode())]
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
            # In place, so that those around see which route it was.
            scope["path"] = path.rstrip("/") or "/"
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
