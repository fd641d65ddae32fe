"""One service asks another and is answered in time, or told at once that nobody will."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from pydantic import BaseModel

from stitch_common.bus.connection import Bus
from stitch_common.bus.questions import (
    Answer,
    LateAnswerError,
    NoAnswerError,
    QuestionRefusedError,
    Responder,
    ask,
)
from stitch_common.context import request_id
from stitch_common.contracts.questions import Question
from stitch_common.errors import ErrorKind, StitchError


class Sum(BaseModel):
    total: int


class Add(Question[Sum]):
    """Ask for a sum."""

    subject = "stitch._ask.auth.add.v1"
    answer = Sum
    deadline = timedelta(seconds=0.5)

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
    bus = Bus(nats_url, "content")
    await bus.connect()
    yield bus
    await bus.close()


@asynccontextmanager
async def answering(bus: Bus, answer: Answer) -> AsyncGenerator[None]:
    stop = asyncio.Event()
    responder = Responder(bus, "auth", {Add: answer})
    running = asyncio.create_task(responder.run(stop))
    while await responder.ready():  # noqa: ASYNC110 - readiness is asked, as by a probe
        await asyncio.sleep(0.005)
    await bus.client.flush()
    try:
        yield
    finally:
        stop.set()
        await running


async def test_a_question_is_answered(bus: Bus, asker: Bus) -> None:
    async with answering(bus, add):
        answer = await ask(asker, Add(numbers=[1, 2, 3]))

    assert answer == Sum(total=6)


async def test_the_answer_is_given_in_the_request_that_asks(bus: Bus, asker: Bus) -> None:
    seen: list[str | None] = []

    async def note(question: Add) -> Sum:
        seen.append(request_id.get())
        return await add(question)

    token = request_id.set("req-9")
    async with answering(bus, note):
        await ask(asker, Add(numbers=[]))
    request_id.reset(token)

    assert seen == ["req-9"]


async def test_each_question_goes_to_one_process_of_the_service(
    bus: Bus, asker: Bus, nats_url: str
) -> None:
    asked: list[int] = []

    async def note(question: Add) -> Sum:
        asked.append(question.numbers[0])
        return await add(question)

    second = Bus(nats_url, "auth")
    await second.connect()
    async with answering(bus, note), answering(second, note):
        await asyncio.gather(*(ask(asker, Add(numbers=[number])) for number in range(20)))
    await second.close()

    assert sorted(asked) == list(range(20))


async def test_where_nobody_listens_nobody_waits(asker: Bus) -> None:
    begun = time.monotonic()

    with pytest.raises(NoAnswerError):
        await ask(asker, Add(numbers=[1]))

    assert time.monotonic() - begun < 0.4


async def test_without_a_broker_nobody_waits() -> None:
    with pytest.raises(NoAnswerError):
        await ask(Bus("nats://127.0.0.1:9", "content"), Add(numbers=[1]))


async def test_an_answer_beyond_the_deadline_is_given_up_by_both(bus: Bus, asker: Bus) -> None:
    ended = asyncio.Event()

    async def think(question: Add) -> Sum:
        try:
            await asyncio.sleep(60)
        finally:
            ended.set()
        return await add(question)

    async with answering(bus, think):
        with pytest.raises(LateAnswerError):
            await ask(asker, Add(numbers=[1]))
        async with asyncio.timeout(2):
            await ended.wait()


async def test_a_refusal_comes_with_its_sentence(bus: Bus, asker: Bus) -> None:
    async def refuse(question: Add) -> Sum:
        raise TooManyError

    async with answering(bus, refuse):
        with pytest.raises(QuestionRefusedError, match="too many numbers") as refused:
            await ask(asker, Add(numbers=[1]))

    assert refused.value.their_code == "too-many"


async def test_a_bug_in_the_answer_is_no_answer(bus: Bus, asker: Bus) -> None:
    async def fail(question: Add) -> Sum:
        raise LookupError

    async with answering(bus, fail):
        with pytest.raises(NoAnswerError):
            await ask(asker, Add(numbers=[1]))
        with pytest.raises(NoAnswerError):
            await ask(asker, Add(numbers=[1]))


async def test_what_was_asked_before_the_end_is_answered(bus: Bus, asker: Bus) -> None:
    begun = asyncio.Event()

    async def think(question: Add) -> Sum:
        begun.set()
        await asyncio.sleep(0.1)
        return await add(question)

    async with answering(bus, think):
        asking = asyncio.create_task(ask(asker, Add(numbers=[4])))
        await begun.wait()

    assert await asking == Sum(total=4)
