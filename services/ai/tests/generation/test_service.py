"""Who is asked next, and what is recorded when nobody answers."""

import asyncio
import json
from threading import Event
from typing import Any

import pytest
from services.ai.tests.factories import add_provider
from sqlalchemy import text

from stitch_ai.generation import adapters
from stitch_ai.generation.adapters import LocalModel
from stitch_ai.generation.errors import ModelFailedError
from stitch_ai.generation.schemas import Generated, GenerationRequest, Prompt
from stitch_ai.generation.service import GenerationService, Model
from stitch_ai.providers.models import ProviderKind
from stitch_ai.providers.service import AIUnavailableError, Choice, ProviderService
from stitch_ai.settings import AISettings
from stitch_common.database import Database
from stitch_common.http.lists import Cursors
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.waiting import until


class Answering:
    """A model that says which model it is."""

    async def generate(self, choice: Choice, prompt: Prompt) -> Generated:
        return Generated(f"{choice.model.name}: {prompt.text}", 3, 4)


class Failing:
    """A model that never answers."""

    async def generate(self, _choice: Choice, _prompt: Prompt) -> Generated:
        raise ModelFailedError("out-of-order")


@pytest.fixture
def providers(database: Database, settings: AISettings) -> ProviderService:
    return ProviderService(database, Cursors(settings.cursor_key))


async def facts(database: Database) -> list[dict[str, Any]]:
    async with database.transaction() as session:
        payloads = await session.scalars(text("select payload from ai.outbox order by id"))
        return [json.loads(payload) for payload in payloads]


async def test_who_fails_is_followed_by_the_next_one(
    database: Database, clock: SettableClock, providers: ProviderService
) -> None:
    await add_provider(database, "openai")
    models: dict[ProviderKind, Model] = {
        ProviderKind.LOCAL: Failing(),
        ProviderKind.OPENAI: Answering(),
    }
    service = GenerationService(database, clock, providers, models)

    view = await service.generate(GenerationRequest(prompt="Hello"), by=7)

    assert (view.provider, view.model, view.content) == ("openai", "small", "small: Hello")
    assert [(each.provider, each.outcome, each.reason) for each in view.attempts] == [
        ("local", "failed", "out-of-order"),
        ("openai", "completed", None),
    ]
    assert view.notice is None


async def test_a_named_model_is_run_by_who_may_run_it(
    database: Database, clock: SettableClock, providers: ProviderService
) -> None:
    await add_provider(database, "openai")
    models: dict[ProviderKind, Model] = {
        ProviderKind.LOCAL: Failing(),
        ProviderKind.OPENAI: Answering(),
    }
    service = GenerationService(database, clock, providers, models)

    view = await service.generate(GenerationRequest(prompt="Hello", model="large"), by=7)

    assert (view.model, len(view.attempts)) == ("large", 1)


async def test_when_nobody_answers_that_is_recorded_too(
    database: Database, clock: SettableClock, providers: ProviderService
) -> None:
    service = GenerationService(database, clock, providers, {ProviderKind.LOCAL: Failing()})

    with pytest.raises(AIUnavailableError):
        await service.generate(GenerationRequest(prompt="Hello"), by=7)

    [fact] = await facts(database)
    assert (fact["provider"], fact["reason"], fact["user_id"]) == ("local", "out-of-order", 7)
    async with database.transaction() as session:
        [row] = (await session.execute(text("select * from ai.generations"))).mappings()
    assert (row["outcome"], row["reason"], row["prompt_tokens"]) == ("failed", "out-of-order", 0)


async def test_a_text_that_the_extraction_stumbles_over_is_a_failed_attempt(
    providers: ProviderService, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stumble(_prompt: Prompt) -> Generated:
        raise IndexError

    monkeypatch.setattr(adapters, "_extract", stumble)
    [choice] = await providers.choices(None)

    with pytest.raises(ModelFailedError, match="extraction-failed"):
        await LocalModel(concurrency=1).generate(choice, Prompt.of(GenerationRequest(prompt="x")))


async def test_a_text_that_nobody_waits_for_still_takes_its_place(
    providers: ProviderService, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun: list[str] = []
    is_over = Event()

    def read(prompt: Prompt) -> Generated:
        begun.append(prompt.text)
        is_over.wait()
        return Generated(prompt.text, 1, 1)

    monkeypatch.setattr(adapters, "_extract", read)
    [choice] = await providers.choices(None)
    model = LocalModel(concurrency=1)
    left, waiting = (
        asyncio.create_task(model.generate(choice, Prompt.of(GenerationRequest(prompt=name))))
        for name in ("left", "waiting")
    )

    await until(lambda: begun == ["left"])
    left.cancel()
    for _ in range(20):
        await asyncio.sleep(0.005)
    begun_meanwhile = list(begun)
    is_over.set()

    assert (await waiting).content == "waiting"
    assert begun_meanwhile == ["left"]


async def test_reading_a_long_text_keeps_the_loop_free(
    providers: ProviderService, gardens: str
) -> None:
    [choice] = await providers.choices(None)
    prompt = Prompt.of(GenerationRequest(prompt="summary, outline", context=gardens * 40))
    generating = asyncio.create_task(LocalModel(concurrency=1).generate(choice, prompt))

    turns = 0
    while not generating.done():
        turns += 1
        await asyncio.sleep(0.005)

    assert turns > 5
    assert (await generating).content
