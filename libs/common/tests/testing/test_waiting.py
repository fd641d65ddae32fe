"""What tests wait with: firm where something is promised, patient where nothing is."""

import asyncio
import os
import signal
import time
from subprocess import Popen

import pytest

from stitch_common.testing.waiting import promised, until


def wake_later(pid: int) -> Popen[bytes]:
    return Popen(["/bin/sh", "-c", f"sleep 1; kill -CONT {pid}"])  # noqa: S603 - our own words


async def test_a_promise_that_is_kept_goes_by() -> None:
    async with promised(1):
        await asyncio.sleep(0)


async def test_a_promise_that_is_broken_is_noticed() -> None:
    with pytest.raises(TimeoutError):
        async with promised(0.05):
            await asyncio.Event().wait()


async def test_who_holds_the_process_up_breaks_a_promise() -> None:
    with pytest.raises(TimeoutError):
        async with promised(0.1):
            time.sleep(0.5)  # noqa: ASYNC251 - as a task does that computes


async def test_a_process_that_gets_no_turn_breaks_no_promise() -> None:
    async with promised(0.5):
        waking = wake_later(os.getpid())
        os.kill(os.getpid(), signal.SIGSTOP)

    await until(lambda: waking.poll() is not None)


@pytest.mark.parametrize("is_awaited", [True, False])
async def test_it_is_waited_until_something_is_so(*, is_awaited: bool) -> None:
    asked: list[int] = []

    def third() -> bool:
        asked.append(1)
        return len(asked) == 3

    async def third_of_others() -> bool:
        return third()

    await until(third_of_others if is_awaited else third)

    assert len(asked) == 3
