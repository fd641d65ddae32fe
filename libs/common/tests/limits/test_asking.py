"""Many questions at once: each gets its own answer, or all wait no longer than they said."""

import pytest
from nats.aio.msg import Msg

from stitch_common.bus.connection import Bus
from stitch_common.limits.asking import Asking, Question


async def test_answers_come_in_the_order_of_their_questions(bus: Bus) -> None:
    kept: list[Msg] = []

    async def answer_backwards(message: Msg) -> None:
        kept.append(message)
        if len(kept) == 3:
            for each in reversed(kept):
                await each.respond((each.headers or {})["Number"].encode())

    await bus.client.subscribe("test.numbers", cb=answer_backwards)
    questions = [Question("test.numbers", {"Number": number}) for number in "123"]

    assert await Asking(bus).ask(questions, within=10) == [b"1", b"2", b"3"]


async def test_an_answer_that_comes_too_late_is_nobodys(bus: Bus) -> None:
    asking = Asking(bus)
    kept: list[Msg] = []

    async def keep(message: Msg) -> None:
        kept.append(message)

    async def answer(message: Msg) -> None:
        for each in [*kept, message]:
            await each.respond(each.subject.encode())

    await bus.client.subscribe("test.silent", cb=keep)
    await bus.client.subscribe("test.talking", cb=answer)
    with pytest.raises(TimeoutError):
        await asking.ask([Question("test.silent")], within=0.05)

    assert await asking.ask([Question("test.talking")], within=10) == [b"test.talking"]
