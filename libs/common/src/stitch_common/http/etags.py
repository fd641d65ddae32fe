"""Versions over HTTP: `ETag` out, `If-Match` in (RFC 9110 §8.8.3, §13.1.1)."""

import re
from typing import Annotated

from fastapi import Depends, Request, Response

from stitch_common.http.problems import InvalidQueryError
from stitch_common.versioning import StaleVersionError

OURS = re.compile(r'"v(\d{1,18})"')
ANYBODYS = re.compile(r'(W/)?"[^"]*"(\s*,\s*(W/)?"[^"]*")*')


def etag(version: int) -> str:
    """The validator of this version of a resource."""
    return f'"v{version}"'


def set_etag(response: Response, version: int) -> None:
    response.headers["etag"] = etag(version)


async def expected_version(request: Request) -> int | None:
    """The version that `If-Match` asks for; None where any will do."""
    given = request.headers.get("if-match", "*").strip()
    if given == "*":
        return None
    if match := OURS.fullmatch(given):
        return int(match[1])
    if ANYBODYS.fullmatch(given):
        raise StaleVersionError("If-Match names no version that this ever had.")
    raise InvalidQueryError("If-Match must be one ETag as this API gave it, or *.")


IfMatch = Annotated[int | None, Depends(expected_version)]
