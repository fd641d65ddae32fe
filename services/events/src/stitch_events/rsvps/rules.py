"""Decisions about answers, free of I/O."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Protocol

from stitch_common.errors import FieldError, InvalidFieldError
from stitch_events.events.models import EventStatus
from stitch_events.rsvps.errors import EventCancelledError, EventNotOpenError, RSVPClosedError

LINK_MAILED_AT_MOST_EVERY = timedelta(minutes=5)
"""The public form sends a link to whoever is named in it; it must not be a way to flood them."""


class RSVPStatus(StrEnum):
    """Where a guest stands. Only `accepted` holds seats; `cancelled` is off the list."""

    PENDING = "pending"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    MAYBE = "maybe"
    WAITLISTED = "waitlisted"
    CANCELLED = "cancelled"


class Terms(Protocol):
    """What an event asks of those who come."""

    @property
    def allow_guests(self) -> bool: ...
    @property
    def max_party_size(self) -> int: ...
    @property
    def questions(self) -> Sequence[Mapping[str, Any]]: ...


def check_open(status: str, until: datetime, *, at: datetime) -> None:
    """Refuse an answer that comes too early, too late, or to an event that was called off."""
    if status == EventStatus.CANCELLED:
        raise EventCancelledError
    if status == EventStatus.DRAFT:
        raise EventNotOpenError
    if status == EventStatus.COMPLETED or at > until:
        raise RSVPClosedError


def fitted(
    values: Mapping[str, Any],
    terms: Terms,
    *,
    known: Mapping[str, Any],
    complete: bool,
) -> dict[str, Any]:
    """The values as they are stored, given the party and answers that are known already.

    InvalidFieldError where the event does not take them; `complete` asks for every required
    answer. Who declines need not have counted the party. What was answered before a question
    changed stands in nobody's way.
    """
    fitting = dict(values)
    if fitting.get("status") == RSVPStatus.DECLINED:
        fitting.pop("guest_count", None)
        fitting.pop("party", None)
    if "guest_count" in fitting:
        size = fitting["guest_count"]
        fitting.setdefault("party", known["party"][: size - 1])
        _check_party(size, fitting["party"], terms)
    if "answers" in fitting:
        _refuse(_unasked(terms.questions, fitting["answers"]))
        _refuse(_unoffered(terms.questions, fitting["answers"]))
        fitting["answers"] = {**known["answers"], **fitting["answers"]}
    if complete:
        _refuse(_unanswered(terms.questions, fitting.get("answers", known["answers"])))
    return fitting


def _check_party(size: int, companions: Sequence[Any], terms: Terms) -> None:
    limit = terms.max_party_size if terms.allow_guests else 1
    if size > limit:
        people = "You can only come alone" if limit == 1 else f"At most {limit} people a party"
        raise InvalidFieldError.of("/guest_count", f"{people} at this event.")
    if len(companions) > size - 1:
        raise InvalidFieldError.of(
            "/party", f"A party of {size} has {size - 1} more names at most."
        )


def _refuse(errors: Iterator[FieldError]) -> None:
    if found := list(errors):
        raise InvalidFieldError("; ".join(error.message for error in found), errors=found)


def _unasked(
    questions: Sequence[Mapping[str, Any]], answers: Mapping[str, str]
) -> Iterator[FieldError]:
    asked = {question["id"] for question in questions}
    for name in answers:
        if name not in asked:
            yield FieldError(f"/answers/{name}", f"There is no question {name}.")


def _unoffered(
    questions: Sequence[Mapping[str, Any]], answers: Mapping[str, str]
) -> Iterator[FieldError]:
    for question in questions:
        if not _is_possible(question, answers.get(question["id"], "")):
            yield FieldError(
                f"/answers/{question['id']}",
                f"Please choose one of the answers to: {question['label']}",
            )


def _unanswered(
    questions: Sequence[Mapping[str, Any]], answers: Mapping[str, str]
) -> Iterator[FieldError]:
    for question in questions:
        answer = answers.get(question["id"], "")
        is_answered = answer and _is_possible(question, answer)
        if question["required"] and not is_answered:
            yield FieldError(f"/answers/{question['id']}", f"Please answer: {question['label']}")


def _is_possible(question: Mapping[str, Any], answer: str) -> bool:
    """Whether a question takes this answer; none at all is possible, too."""
    return not answer or question["type"] != "choice" or answer in question["options"]


def read_credentials(given: Iterable[str]) -> list[tuple[str, str]]:
    """The scheme, in small letters, and the value of every `Authorization` that was sent."""
    parted = (value.partition(" ") for value in given)
    return [(scheme.lower(), value.strip()) for scheme, _, value in parted]
