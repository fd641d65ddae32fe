"""One service asks another and is answered in time, or told at once that nobody will."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from pydantic import BaseModel

from stitch_common.bus.connection import Bus
from stitch_common.bus.questions import (
    LateAnswerError,
    NoAnswerError,
    QuestionRefusedError,
    ask,
)
from stitch_common.context import request_id
from stitch_common.contracts.questions import Question
from stitch_common.errors import ErrorKind, StitchError
from stitch_common.testing.traffic import answering_for, connected
from stitch_common.testing.waiting import PATIENCE, promised, until


class Sum(BaseModel):
    total: int


class Add(Question[Sum]):
    """Ask for a sum."""

    subject = "stitch._ask.auth.add.v1"
    answer = Sum
    deadline = timedelta(seconds=PATIENCE)

    numbers: list[int]


class TooManyError(StitchError):
    """These are too many numbers."""

    kind = ErrorKind.CONFLICT
    code = "too-many"


async def add(question: Add) -> Sum:
    return Sum(total=sum(question.numbers))


@pytest.fixture
async def asker(nats_url: str) -> AsyncGenerator[Bus]:
    """Another service's connection."""
    async with connected(nats_url, "content") as bus:
        yield bus


async def test_a_question_is_answered(asker: Bus, nats_url: str) -> None:
    async with answering_for(nats_url, "auth", {Add: add}):
        answer = await ask(asker, Add(numbers=[1, 2, 3]))

    assert answer == Sum(total=6)


async def test_the_answer_is_given_in_the_request_that_asks(asker: Bus, nats_url: str) -> None:
    seen: list[str | None] = []

    async def note(question: Add) -> Sum:
        seen.append(request_id.get())
        return await add(question)

    token = request_id.set("req-9")
    async with answering_for(nats_url, "auth", {Add: note}):
        await ask(asker, Add(numbers=[]))
    request_id.reset(token)

    assert seen == ["req-9"]


async def test_each_question_goes_to_one_process_of_the_service(asker: Bus, nats_url: str) -> None:
    asked: list[int] = []

    async def note(question: Add) -> Sum:
        asked.append(question.numbers[0])
        return await add(question)

    async with (
        answering_for(nats_url, "auth", {Add: note}),
        answering_for(nats_url, "auth", {Add: note}),
    ):
        await asyncio.gather(*(ask(asker, Add(numbers=[number])) for number in range(20)))

    assert sorted(asked) == list(range(20))


async def test_where_nobody_listens_nobody_waits(asker: Bus) -> None:
    async with promised(5):
        with pytest.raises(NoAnswerError):
            await ask(asker, Add(numbers=[1]))


async def test_without_a_broker_nobody_waits() -> None:
    with pytest.raises(NoAnswerError):
        await ask(Bus("nats://127.0.0.1:9", "content"), Add(numbers=[1]))


async def test_an_answer_beyond_the_deadline_is_given_up_by_both(
    asker: Bus, nats_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Add, "deadline", timedelta(seconds=0.2))
    ended = asyncio.Event()

    async def think(question: Add) -> Sum:
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()
        return await add(question)

    async with answering_for(nats_url, "auth", {Add: think}):
        with pytest.raises(LateAnswerError):
            await ask(asker, Add(numbers=[1]))
        await until(ended.is_set)


async def test_a_refusal_comes_with_its_sentence(asker: Bus, nats_url: str) -> None:
    async def refuse(question: Add) -> Sum:
        raise TooManyError

    async with answering_for(nats_url, "auth", {Add: refuse}):
        with pytest.raises(QuestionRefusedError, match="too many numbers") as refused:
            await ask(asker, Add(numbers=[1]))

    assert refused.value.their_code == "too-many"


async def test_a_bug_in_the_answer_is_no_answer(asker: Bus, nats_url: str) -> None:
    async def fail(question: Add) -> Sum:
        raise LookupError

    async with answering_for(nats_url, "auth", {Add: fail}):
        with pytest.raises(NoAnswerError):
            await ask(asker, Add(numbers=[1]))
        with pytest.raises(NoAnswerError):
            await ask(asker, Add(numbers=[1]))


async def test_what_was_asked_before_the_end_is_answered(asker: Bus, nats_url: str) -> None:
    begun = asyncio.Event()

    async def think(question: Add) -> Sum:
        begun.set()
        await asyncio.sleep(0.1)
        return await add(question)

    async with answering_for(nats_url, "auth", {Add: think}):
        asking = asyncio.create_task(ask(asker, Add(numbers=[4])))
        await begun.wait()

    assert await asking == Sum(total=4)
