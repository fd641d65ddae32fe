"""What every answer of the API promises, whatever was asked (contract.md §1)."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,128}")
CODE = re.compile(r"[a-z0-9]+(?:[-_][a-z0-9]+)*")
PROBLEM = "application/problem+json"
CLIENT_ERROR, SERVER_ERROR = 400, 500
UNAUTHENTICATED, UNPROCESSABLE, THROTTLED, UNAVAILABLE = 401, 422, 429, 503


@dataclass(frozen=True, slots=True)
class Answer:
    """The part of an answer that promises are about."""

    status: int
    headers: Mapping[str, str]
    """By lower-case name."""
    body: Any
    """What the JSON says; None where the body is none."""

    @classmethod
    def of(cls, answer: httpx.Response) -> "Answer":
        return cls.read(answer.status_code, answer.headers, answer.content)

    @classmethod
    def read(cls, status: int, headers: Mapping[str, str], content: bytes) -> "Answer":
        is_json = content and "json" in headers.get("content-type", "")
        return cls(status, headers, json.loads(content) if is_json else None)


def broken_promises(answer: Answer) -> list[str]:
    """Sentences about what this answer lacks; none if all is well."""
    return [*_broken_by_any(answer), *(_broken_by_error(answer) if _is_error(answer) else ())]


def kept(answer: httpx.Response, *statuses: int) -> httpx.Response:
    """The answer, if it keeps all promises and has one of these statuses."""
    broken = broken_promises(Answer.of(answer))
    assert not broken, f"{broken}: {answer.status_code} {answer.text[:500]}"
    assert answer.status_code in statuses, f"{answer.status_code} {answer.text[:500]}"
    return answer


def pointers(answer: httpx.Response) -> list[str]:
    """The fields that a refusal names."""
    return [error["pointer"] for error in answer.json().get("errors", ())]


def _is_error(answer: Answer) -> bool:
    return answer.status >= CLIENT_ERROR


def _broken_by_any(answer: Answer) -> Iterator[str]:
    if answer.status >= SERVER_ERROR and answer.status != UNAVAILABLE:
        yield "a failure of ours"
    if not REQUEST_ID.fullmatch(answer.headers.get("x-request-id", "")):
        yield "no X-Request-ID"


def _broken_by_error(answer: Answer) -> Iterator[str]:
    if answer.headers.get("content-type") != PROBLEM or not isinstance(answer.body, dict):
        yield "an error that is no problem document"
        return
    problem = answer.body
    if not CODE.fullmatch(str(problem.get("code"))):
        yield "no code"
    if problem.get("request_id") != answer.headers.get("x-request-id"):
        yield "another request_id than in the header"
    if problem.get("status") != answer.status or not problem.get("detail"):
        yield "no status or detail"
    if answer.status == UNPROCESSABLE and not _names_a_field(problem):
        yield "a 422 that names no field"
    if answer.status == UNAUTHENTICATED and "www-authenticate" not in answer.headers:
        yield "a 401 without WWW-Authenticate"
    if answer.status in {THROTTLED, UNAVAILABLE} and "retry-after" not in answer.headers:
        yield "no Retry-After"


def _names_a_field(problem: Mapping[str, Any]) -> bool:
    """An empty pointer is the whole body: that is right only if the body as such is refused."""
    errors = problem.get("errors") or []
    return bool(errors) and all(
        isinstance(error.get("pointer"), str) and error.get("message") for error in errors
    )
