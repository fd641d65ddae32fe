"""Errors that only exist in HTTP, and the answers they get."""

from typing import ClassVar

from starlette.responses import Response

from stitch_common.errors import ErrorKind, StitchError
from stitch_common.http.problems import problem, problem_of


class WireError(StitchError):
    """This request is not one that HTTP lets us answer otherwise."""

    kind = ErrorKind.BAD_REQUEST
    status: ClassVar[int] = 400


def answer_to(error: StitchError, instance: str) -> Response:
    """The problem (RFC 9457) that says what was wrong."""
    if not isinstance(error, WireError):
        return problem_of(error, instance)
    return problem(
        error.status,
        code=error.code,
        detail=error.detail,
        instance=instance,
        headers=error.headers,
    )
