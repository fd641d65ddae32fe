"""Errors as `application/problem+json` (RFC 9457)."""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel
from starlette.exceptions import HTTPException  # noqa: TID251 - the router itself raises it
from starlette.responses import JSONResponse, Response

from stitch_common.context import request_id
from stitch_common.errors import ErrorKind, FieldError, StitchError

log = structlog.get_logger(__name__)

STATUS = {
    ErrorKind.BAD_REQUEST: 400,
    ErrorKind.UNAUTHENTICATED: 401,
    ErrorKind.FORBIDDEN: 403,
    ErrorKind.NOT_FOUND: 404,
    ErrorKind.CONFLICT: 409,
    ErrorKind.STALE: 412,
    ErrorKind.TOO_LARGE: 413,
    ErrorKind.UNSUPPORTED_MEDIA: 415,
    ErrorKind.INVALID: 422,
    ErrorKind.PRECONDITION_REQUIRED: 428,
    ErrorKind.THROTTLED: 429,
    ErrorKind.BAD_GATEWAY: 502,
    ErrorKind.UNAVAILABLE: 503,
    ErrorKind.TIMEOUT: 504,
}
TYPE_BASE = "https://stitch.example/problems/"
REGISTERED = {"quota-exceeded": "https://iana.org/assignments/http-problem-types#quota-exceeded"}
"""Types that are not ours alone (RFC 9457 §4.2)."""
MEDIA_TYPE = "application/problem+json"


class FieldProblem(BaseModel):
    """One refused part of a request."""

    pointer: str
    message: str


class Problem(BaseModel):
    """What every error answer looks like."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    request_id: str | None
    errors: list[FieldProblem] | None = None


class InvalidQueryError(StitchError):
    """A part of the query can't be used."""

    kind = ErrorKind.BAD_REQUEST
    code = "invalid-query"


class InvalidBodyError(StitchError):
    """A field of the request is missing, malformed or out of range."""

    kind = ErrorKind.INVALID
    code = "invalid-body"


UNREADABLE = InvalidBodyError(
    "The body is not what its Content-Type says.",
    errors=[FieldError("", "The body is not what its Content-Type says.")],
)


class WrongMediaTypeError(StitchError):
    """Send the body as application/json, and say so in Content-Type."""

    kind = ErrorKind.UNSUPPORTED_MEDIA
    code = "wrong-media-type"


class BodyTooLargeError(StitchError):
    """The body is larger than this route takes."""

    kind = ErrorKind.TOO_LARGE
    code = "body-too-large"


class NotFoundError(StitchError):
    """There is nothing here."""

    kind = ErrorKind.NOT_FOUND
    code = "not-found"


def problem(
    status: int,
    *,
    code: str,
    detail: str,
    instance: str,
    errors: Sequence[FieldError] = (),
    extra: Mapping[str, Any] | None = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """An RFC 9457 answer; `code` is stable, `detail` is a sentence a person can act on."""
    body = {
        **(extra or {}),
        "type": REGISTERED.get(code, TYPE_BASE + code),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "instance": instance,
        "code": code,
        "request_id": request_id.get(),
    }
    if errors:
        body["errors"] = [{"pointer": e.pointer, "message": e.message} for e in errors]
    answer = JSONResponse(body, status, media_type=MEDIA_TYPE, headers=dict(headers or {}))
    answer.headers.setdefault("cache-control", "no-store")
    return answer


def problem_of(error: StitchError, instance: str) -> Response:
    """The answer that a named error gets."""
    headers = dict(error.headers)
    if error.kind is ErrorKind.UNAUTHENTICATED:
        headers.setdefault("www-authenticate", _challenge(error))
    if error.kind in {ErrorKind.UNAVAILABLE, ErrorKind.THROTTLED}:
        headers.setdefault("retry-after", "5")
    return problem(
        STATUS[error.kind],
        code=error.code,
        detail=error.detail,
        instance=instance,
        errors=error.errors,
        extra=error.extra,
        headers=headers,
    )


def _challenge(error: StitchError) -> str:
    return 'Bearer realm="stitch"' + (
        ', error="invalid_token"' if error.code == "invalid-token" else ""
    )


def internal_error(instance: str) -> Response:
    """What a caller sees of a failure that is our fault: its request id and nothing else."""
    return problem(
        500,
        code="internal-error",
        detail="Something went wrong on our side. Tell us the request_id if it lasts.",
        instance=instance,
    )


def install(app: FastAPI) -> None:
    """Answer every error of this application with a problem."""
    app.add_exception_handler(StitchError, _on_stitch_error)
    app.add_exception_handler(RequestValidationError, _on_invalid_request)
    app.add_exception_handler(HTTPException, _on_router_error)


async def _on_stitch_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, StitchError):
        raise error
    return problem_of(error, request.url.path)


async def _on_router_error(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    if status is HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        return problem_of(BodyTooLargeError(), request.url.path)
    if status is HTTPStatus.BAD_REQUEST:
        # How FastAPI says that it could not decode a body, and nothing else.
        return problem_of(UNREADABLE, request.url.path)
    return problem(
        status,
        code=status.phrase.lower().replace(" ", "-"),
        detail=f"{status.description or status.phrase}.".replace("..", "."),
        instance=request.url.path,
        headers=error.headers,
    )


async def _on_invalid_request(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    if _is_wrong_media(request, error.errors()):
        return problem_of(WrongMediaTypeError(), request.url.path)
    return problem_of(refusal(error.errors()), request.url.path)


def _is_wrong_media(request: Request, failures: Sequence[Mapping[str, Any]]) -> bool:
    """Whether a body came that is not even said to be JSON, where JSON was wanted."""
    of_whole_body = {f["type"] for f in failures if tuple(f["loc"]) == ("body",)}
    is_json = "json" in request.headers.get("content-type", "").lower()
    return bool(of_whole_body - {"missing"}) and not is_json


def refusal(failures: Sequence[Mapping[str, Any]]) -> StitchError:
    """The error for failed validation: a malformed path names nothing, a query is unusable."""
    places = {str(failure["loc"][0]) for failure in failures}
    if "path" in places:
        return NotFoundError()
    errors = [_field_error(failure) for failure in failures]
    detail = "; ".join(": ".join(filter(None, [e.pointer, e.message])) for e in errors[:3])
    kind = InvalidBodyError if "body" in places else InvalidQueryError
    return kind(detail, errors=errors)


def _field_error(failure: Mapping[str, Any]) -> FieldError:
    place, *path = failure["loc"]
    if failure["type"] == "json_invalid":
        return FieldError("", "The body is not valid JSON.")
    steps = [*([] if place == "body" else [place]), *path]
    pointer = "".join(f"/{str(s).replace('~', '~0').replace('/', '~1')}" for s in steps)
    return FieldError(pointer, str(failure["msg"]).removeprefix("Value error, "))


def declares(*errors: type[StitchError]) -> dict[int | str, dict[str, Any]]:
    """The `responses=` of a route: which problems it answers, by status and code."""
    declared: dict[int | str, dict[str, Any]] = {}
    for error in errors:
        entry = declared.setdefault(
            STATUS[error.kind], {"model": Problem, "description": "", "x-codes": []}
        )
        sentence = f"`{error.code}`: {error.sentence()}"
        entry["description"] = "\n\n".join(filter(None, [entry["description"], sentence]))
        entry["x-codes"].append(error.code)
    return declared
