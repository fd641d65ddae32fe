"""The API description: every error answer is a problem, and guards answer some of their own."""

from collections.abc import Iterator
from typing import Any

from fastapi import FastAPI

from stitch_common.errors import StitchError
from stitch_common.http.principals import PRINCIPAL_ERRORS
from stitch_common.http.problems import MEDIA_TYPE, WrongMediaTypeError, declares

METHODS = frozenset({"get", "post", "put", "patch", "delete"})
PROBLEM = {"schema": {"$ref": "#/components/schemas/Problem"}}


def describe_problems(app: FastAPI) -> None:
    """Say what FastAPI can't know: the media type of errors, and what a guard answers."""
    describe = app.openapi

    def openapi() -> dict[str, Any]:
        if app.openapi_schema is None:
            for operation in _operations(describe()):
                if operation.get("security"):
                    _add(operation["responses"], *PRINCIPAL_ERRORS)
                if "application/json" in operation.get("requestBody", {}).get("content", ()):
                    _add(operation["responses"], WrongMediaTypeError)
                _correct_media_types(operation["responses"])
        return app.openapi_schema or {}

    app.openapi = openapi  # type: ignore[method-assign] # FastAPI's documented way


def _operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    for operations in document["paths"].values():
        yield from (operation for method, operation in operations.items() if method in METHODS)


def _add(responses: dict[str, Any], *errors: type[StitchError]) -> None:
    for status, entry in declares(*errors).items():
        answer = {"description": entry["description"], "content": {MEDIA_TYPE: PROBLEM}}
        responses.setdefault(str(status), answer)


def _correct_media_types(responses: dict[str, Any]) -> None:
    for answer in responses.values():
        content = answer.get("content", {})
        if content.get("application/json") == PROBLEM:
            content[MEDIA_TYPE] = content.pop("application/json")
