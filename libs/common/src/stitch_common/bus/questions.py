"""Request and reply over core NATS, for the few questions that one service has to another.

Nothing is stored: a question that nobody answers in time is an error. The questions themselves are
contracts (`stitch_common.contracts.questions`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from typing import Any

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.errors import NoRespondersError
from nats.errors import TimeoutError as NatsTimeoutError
from opentelemetry import context as telemetry
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from pydantic import BaseModel, ValidationError

from stitch_common.bus.connection import Bus
from stitch_common.bus.envelope import REQUEST_ID
from stitch_common.context import request_id
from stitch_common.contracts.questions import A, Question
from stitch_common.errors import ErrorKind, StitchError

log = structlog.get_logger(__name__)

_TRACE = TraceContextTextMapPropagator()
_KIND, _CODE, _DEADLINE = "stitch-kind", "stitch-code", "stitch-deadline"

Answer = Callable[[Any], Awaitable[BaseModel]]


class NoAnswerError(StitchError):
    """Another part of the system does not answer just now."""

    kind = ErrorKind.UNAVAILABLE
    code = "no-answer"


class LateAnswerError(StitchError):
    """Another part of the system took too long to answer."""

    kind = ErrorKind.TIMEOUT
    code = "late-answer"


class QuestionRefusedError(StitchError):
    """Another part of the system refused the question; `their_code` is the code of its error."""

    kind = ErrorKind.CONFLICT
    code = "question-refused"

    def __init__(self, detail: str, their_code: str) -> None:
        super().__init__(detail)
        self.their_code = their_code


async def ask(bus: Bus, question: Question[A]) -> A:
    """Raise NoAnswerError, LateAnswerError or QuestionRefusedError."""
    seconds = question.deadline.total_seconds()
    headers = {_DEADLINE: str(seconds)}
    _TRACE.inject(headers)
    if current := request_id.get():
        headers[REQUEST_ID] = current
    if not bus.connected.is_set():
        raise NoAnswerError
    try:
        message = await bus.client.request(
            question.subject, question.model_dump_json().encode(), timeout=seconds, headers=headers
        )
    except NatsTimeoutError:
        raise LateAnswerError from None
    except (NoRespondersError, NatsError):
        raise NoAnswerError from None
    return _read(message, question)


def _read(message: Msg, question: Question[A]) -> A:
    headers = message.headers or {}
    match headers.get(_KIND):
        case None:
            try:
                return question.answer.model_validate_json(message.data)  # type: ignore[return-value]
            except ValidationError:
                raise NoAnswerError from None
        case ErrorKind.UNAVAILABLE.value:
            raise NoAnswerError
        case ErrorKind.TIMEOUT.value:
            raise LateAnswerError
        case _:
            raise QuestionRefusedError(message.data.decode(), headers.get(_CODE, ""))


class Responder:
    """Answers the questions put to a service; its processes share them among themselves."""

    name = "responder"

    def __init__(
        self, bus: Bus, service: str, answers: Mapping[type[Question[Any]], Answer]
    ) -> None:
        self._bus = bus
        self._service = service
        self._answers = {question.subject: (question, call) for question, call in answers.items()}
        self._tasks: set[asyncio.Task[None]] = set()
        self._is_listening = False

    async def ready(self) -> str | None:
        return None if self._is_listening else "the responder does not listen yet"

    async def run(self, stop: asyncio.Event) -> None:
        """Answer until told to stop, then finish what has been asked."""
        await self._bus.until_connected(stop)
        # nats-py subscribes again by itself after it has reconnected.
        subscriptions = [
            await self._bus.client.subscribe(subject, queue=self._service, cb=self._on_message)
            for subject in self._answers
        ]
        self._is_listening = True
        await stop.wait()
        for subscription in subscriptions:
            with suppress(NatsError):
                await subscription.drain()  # type: ignore[no-untyped-call]
        if self._tasks:
            await asyncio.wait(self._tasks)

    async def _on_message(self, message: Msg) -> None:
        task = asyncio.create_task(self._answer(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, message: Msg) -> None:
        headers = message.headers or {}
        request_id.set(headers.get(REQUEST_ID))  # the task's own context
        telemetry.attach(_TRACE.extract(headers))
        question, call = self._answers[message.subject]
        try:
            async with asyncio.timeout(float(headers.get(_DEADLINE, 1))):
                answer = await call(question.model_validate_json(message.data))
            payload, problem = answer.model_dump_json().encode(), dict[str, str]()
        except StitchError as error:
            payload, problem = _refusal(error.kind, error.code, str(error))
        except (ValueError, TimeoutError) as error:
            kind = ErrorKind.TIMEOUT if isinstance(error, TimeoutError) else ErrorKind.INVALID
            payload, problem = _refusal(kind, "not-understood", str(error))
        except Exception:  # whoever asks must not wait for a bug
            log.exception("question_failed", subject=message.subject)
            payload, problem = _refusal(ErrorKind.UNAVAILABLE, "failed", "")
        with suppress(NatsError):
            await self._bus.client.publish(message.reply, payload, headers=problem)


def _refusal(kind: ErrorKind, code: str, detail: str) -> tuple[bytes, dict[str, str]]:
    return detail.encode(), {_KIND: kind.value, _CODE: code}
