"""Requests that an API description allows, and requests just beside it."""

from collections.abc import Callable, Mapping
from typing import Any

import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode, Response
from schemathesis.core.result import Err, Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
)
from tests.e2e.promises import Answer, broken_promises

Case = schemathesis.Case[Any]
Operation = schemathesis.APIOperation[Any, Any, Any, Any]
Headers = Mapping[str, str]
Callers = Mapping[str, Headers]
"""The credentials by the name of who has them."""

BY_ANY_PATH = frozenset({404, 405, 413, 414, 431})
"""What the gateway may say before a service is asked; not repeated at each operation."""

SETTINGS = settings(
    max_examples=6,
    deadline=None,
    database=None,
    derandomize=True,
    # Without shrinking a failure costs no more than a success.
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def operations(document: dict[str, Any]) -> list[Operation]:
    """Every operation; a description that can't be read is an error."""
    found = list(schemathesis.openapi.from_dict(document).get_all_operations())
    unreadable = [result for result in found if isinstance(result, Err)]
    assert not unreadable, unreadable
    return [result.ok() for result in found if isinstance(result, Ok)]


def first_failure(
    operation: Operation, gateway: str, callers: Callers, *, path: dict[str, Any]
) -> str | None:
    """What went wrong first, and how to see it again; None if nothing did.

    `path` fixes parameters of the path.
    """
    fixed = {name: value for name, value in path.items() if f"{{{name}}}" in operation.path}

    @SETTINGS
    @given(case=_cases(operation, fixed), who=st.sampled_from(sorted(callers)))
    def attack(case: Case, who: str) -> None:
        answer = case.call(base_url=gateway, headers=dict(callers[who]), allow_redirects=False)
        broken = [*broken_promises(_answer(answer)), *_undescribed(operation, answer)]
        assert not broken, f"{who}: {broken} {answer.text[:300]}\n{case.as_curl_command()}"
        if answer.status_code not in BY_ANY_PATH:
            checks = [content_type_conformance, response_schema_conformance]
            case.validate_response(answer, checks=checks)

    return _message_of(attack)


def _cases(operation: Operation, fixed: dict[str, Any]) -> st.SearchStrategy[Case]:
    modes = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
    return st.one_of(
        *(operation.as_strategy(generation_mode=m, path_parameters=fixed or None) for m in modes)
    )


def _message_of(attack: Callable[[], None]) -> str | None:
    try:
        attack()
    except (AssertionError, ExceptionGroup) as failure:
        parts = failure.exceptions if isinstance(failure, ExceptionGroup) else [failure]
        return "\n".join(str(part) for part in parts)
    return None


def _undescribed(operation: Operation, answer: Response) -> list[str]:
    known = {str(status) for status in operation.definition.raw["responses"]}
    if answer.status_code in BY_ANY_PATH or str(answer.status_code) in known:
        return []
    return [f"the description does not know {answer.status_code}"]


def _answer(answer: Response) -> Answer:
    headers = {name.lower(): ", ".join(values) for name, values in answer.headers.items()}
    return Answer.read(answer.status_code, headers, answer.content)
