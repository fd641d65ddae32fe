"""Answering a prompt: choose, ask without a connection in hand, record what came of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import Protocol
from uuid import UUID, uuid4

from prometheus_client import Counter, Histogram

from stitch_ai.generation.errors import ModelFailedError, PromptTooLargeError
from stitch_ai.generation.models import Generation, Outcome
from stitch_ai.generation.repository import GenerationRepository
from stitch_ai.generation.schemas import (
    Attempt,
    Generated,
    GenerationRequest,
    GenerationView,
    Prompt,
    Usage,
)
from stitch_ai.providers.models import ProviderKind
from stitch_ai.providers.service import AIUnavailableError, Choice, ProviderService
from stitch_common.bus.outbox import Outbox
from stitch_common.clock import Clock
from stitch_common.contracts.ai import GenerationCompleted, GenerationFailed
from stitch_common.database import Database

__all__ = ["GenerationRequest", "GenerationService"]

CHARACTERS_PER_TOKEN = 4
"""The usual estimate before a model has counted."""
SECONDS = Histogram(
    "stitch_ai_request_seconds",
    "Time a provider took to answer or to fail",
    ["provider"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
)
FAILURES = Counter("stitch_ai_failures_total", "Prompts a provider failed on", ["provider"])


class Model(Protocol):
    """Runs the models of one kind of provider."""

    async def generate(self, choice: Choice, prompt: Prompt) -> Generated:
        """The answer, or ModelFailedError."""


@dataclass(slots=True)
class Course:
    """What has happened to one prompt so far."""

    user_id: int
    id: UUID = field(default_factory=uuid4)
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def duration_ms(self) -> int:
        return sum(attempt.duration_ms for attempt in self.attempts)


class GenerationService:
    """Asks providers for answers."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        providers: ProviderService,
        models: Mapping[ProviderKind, Model],
    ) -> None:
        self._database = database
        self._clock = clock
        self._providers = providers
        self._models = models

    async def generate(self, request: GenerationRequest, *, by: int) -> GenerationView:
        """Answer by the first provider that can; each one asked is told in `attempts`.

        ModelNotAllowedError and PromptTooLargeError before anybody is asked, AIUnavailableError
        if nobody answers.
        """
        choices = await self._providers.choices(request.model)
        _check_size(request, choices)
        course = Course(by)
        for choice in choices:
            generated = await self._ask(choice, request, course)
            if generated is not None:
                await self._record_completed(course, choice, generated)
                return _view(course, choice, generated)
        await self._record_failed(course, choices[-1])
        raise AIUnavailableError

    async def _ask(
        self, choice: Choice, request: GenerationRequest, course: Course
    ) -> Generated | None:
        began, reason, generated = perf_counter(), None, None
        try:
            generated = await self._models[choice.kind].generate(choice, Prompt.of(request))
        except ModelFailedError as error:
            reason = error.reason
            FAILURES.labels(choice.provider).inc()
        seconds = perf_counter() - began
        SECONDS.labels(choice.provider).observe(seconds)
        course.attempts.append(
            Attempt(
                provider=choice.provider,
                model=choice.model.name,
                outcome="failed" if generated is None else "completed",
                reason=reason,
                duration_ms=round(seconds * 1000),
            )
        )
        return generated

    async def _record_completed(self, course: Course, choice: Choice, generated: Generated) -> None:
        now = self._clock()
        async with self._database.transaction() as session:
            row = _row(course, choice, Outcome.COMPLETED)
            row.prompt_tokens = generated.prompt_tokens
            row.completion_tokens = generated.completion_tokens
            row.created_at = now
            GenerationRepository(session).add(row)
            Outbox(session).add(
                GenerationCompleted(
                    generation_id=str(course.id),
                    user_id=course.user_id,
                    provider=choice.provider,
                    model=choice.model.name,
                    prompt_tokens=generated.prompt_tokens,
                    completion_tokens=generated.completion_tokens,
                    at=now,
                )
            )

    async def _record_failed(self, course: Course, choice: Choice) -> None:
        now = self._clock()
        reason = course.attempts[-1].reason or "failed"
        async with self._database.transaction() as session:
            row = _row(course, choice, Outcome.FAILED)
            row.reason, row.created_at = reason, now
            GenerationRepository(session).add(row)
            Outbox(session).add(
                GenerationFailed(
                    generation_id=str(course.id),
                    user_id=course.user_id,
                    provider=choice.provider,
                    model=choice.model.name,
                    reason=reason,
                    at=now,
                )
            )


def _check_size(request: GenerationRequest, choices: list[Choice]) -> None:
    """The largest context counts: a provider that can't read it all would only cost an attempt."""
    estimate = (len(request.prompt) + len(request.material)) // CHARACTERS_PER_TOKEN
    most = max(choice.model.context_tokens for choice in choices)
    if estimate > most:
        raise PromptTooLargeError(
            f"Prompt and context have about {estimate} tokens; the model reads {most}.",
            extra={"tokens": estimate, "most": most},
        )


def _row(course: Course, choice: Choice, outcome: Outcome) -> Generation:
    return Generation(
        id=course.id,
        user_id=course.user_id,
        provider_id=choice.provider_id,
        provider=choice.provider,
        model=choice.model.name,
        outcome=outcome,
        prompt_tokens=0,
        completion_tokens=0,
        attempts=[attempt.model_dump() for attempt in course.attempts],
        duration_ms=course.duration_ms,
    )


def _view(course: Course, choice: Choice, generated: Generated) -> GenerationView:
    return GenerationView(
        id=course.id,
        content=generated.content,
        provider=choice.provider,
        model=choice.model.name,
        usage=Usage(
            prompt_tokens=generated.prompt_tokens,
            completion_tokens=generated.completion_tokens,
            total_tokens=generated.prompt_tokens + generated.completion_tokens,
        ),
        attempts=course.attempts,
        notice=generated.notice,
    )
