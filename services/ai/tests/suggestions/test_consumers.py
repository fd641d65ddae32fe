"""What is asked over a real bus is answered by the real local provider, or refused."""

from collections.abc import AsyncGenerator

import pytest
from sqlalchemy import text

from stitch_ai.settings import AISettings
from stitch_ai.worker import create_worker
from stitch_common.bus.connection import Bus
from stitch_common.bus.questions import NoAnswerError, QuestionRefusedError, ask
from stitch_common.contracts.questions import SuggestForContent
from stitch_common.database import Database
from stitch_common.runtime import StoredRuntime
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.components import running
from stitch_common.testing.services import runtime_for
from stitch_common.testing.tokens import Issuer
from stitch_common.testing.traffic import connected


@pytest.fixture
async def runtime(
    nats_url: str, database: Database, clock: SettableClock, issuer: Issuer, settings: AISettings
) -> AsyncGenerator[StoredRuntime[AISettings]]:
    with_bus = settings.model_copy(update={"nats_url": nats_url})
    wired = runtime_for("ai", with_bus, database=database, clock=clock, issuer=issuer)
    async with wired as runtime:
        await runtime.bus.connect()
        yield runtime
        await runtime.bus.close()


@pytest.fixture
async def asker(runtime: StoredRuntime[AISettings], nats_url: str) -> AsyncGenerator[Bus]:
    """Another service's connection, while the worker answers."""
    (responder,) = create_worker(runtime).components
    async with running(responder), connected(nats_url, "content") as bus:
        await runtime.bus.client.flush()
        yield bus


async def test_the_local_provider_suggests_what_the_text_holds(
    asker: Bus, gardens: str, database: Database
) -> None:
    endless = "Gardens grow, " * 30 + "and so does this sentence."

    made = await ask(
        asker, SuggestForContent(user_id=7, title="My garden", text=f"{gardens}\n\n{endless}")
    )

    assert made.provider == "local"
    assert 1 < len(made.titles) <= 5
    assert "community gardens" in [keyword.lower() for keyword in made.keywords]
    assert made.summary.split(".")[0] in gardens
    assert 20 < len(made.meta_description) <= 155
    assert made.improvements
    assert made.notice
    async with database.transaction() as session:
        rows = (await session.execute(text("select user_id, outcome from ai.generations"))).all()
    assert [tuple(row) for row in rows] == [(7, "completed")]


async def test_the_same_text_gets_the_same_suggestions(asker: Bus, gardens: str) -> None:
    question = SuggestForContent(user_id=7, title="My garden", text=gardens)

    first, second = [await ask(asker, question) for _ in range(2)]

    assert first.model_copy(update={"generation_id": second.generation_id}) == second


async def test_the_longest_text_that_is_sent_is_read(asker: Bus, gardens: str) -> None:
    longest = (gardens * 200)[: SuggestForContent.longest_text]

    made = await ask(asker, SuggestForContent(user_id=7, title="&" * 300, text=longest))

    assert len(longest) == SuggestForContent.longest_text
    assert made.summary


async def test_without_an_active_provider_there_is_no_answer(
    asker: Bus, gardens: str, database: Database
) -> None:
    async with database.transaction() as session:
        await session.execute(text("update ai.providers set is_default = false, is_active = false"))

    with pytest.raises(NoAnswerError):
        await ask(asker, SuggestForContent(user_id=7, title="My garden", text=gardens))


async def test_a_text_beyond_the_models_context_is_refused(asker: Bus, database: Database) -> None:
    async with database.transaction() as session:
        await session.execute(
            text("update ai.providers set models = jsonb_set(models, '{0,context_tokens}', '10')")
        )

    with pytest.raises(QuestionRefusedError) as refused:
        await ask(asker, SuggestForContent(user_id=7, title="Long", text="word " * 200))

    assert refused.value.their_code == "prompt-too-large"
