"""Processes count together; one that is left alone counts for itself, and admits less."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from stitch_common.bus.connection import Bus
from stitch_common.bus.topology import LIMITS
from stitch_common.limits.counters import Limit, SharedCounters
from stitch_common.testing.clock import SettableClock

LOG_IN = Limit("log-in", most=10, window=timedelta(minutes=1), most_alone=3)
NOBODY = "nats://127.0.0.1:9"


@pytest.fixture
async def processes(
    bus: Bus, nats_url: str, clock: SettableClock
) -> AsyncGenerator[list[SharedCounters]]:
    other = Bus(nats_url, "content")
    await other.connect()
    yield [SharedCounters(bus, clock), SharedCounters(other, clock)]
    await other.close()


def alone() -> float:
    return REGISTRY.get_sample_value("stitch_limits_alone_total", {"limit": "log-in"}) or 0


async def test_two_processes_admit_together_what_the_limit_says(
    processes: list[SharedCounters],
) -> None:
    verdicts = await asyncio.gather(
        *(processes[number % 2].hit(LOG_IN, "ada@example.org") for number in range(24))
    )

    assert sum(verdict.is_admitted for verdict in verdicts) == 10
    assert sorted(v.remaining for v in verdicts if v.is_admitted) == list(range(10))
    assert all(verdict.is_shared for verdict in verdicts)


async def test_a_counter_keeps_one_message_however_often_it_counts(
    processes: list[SharedCounters], bus: Bus
) -> None:
    for _ in range(12):
        await processes[0].hit(LOG_IN, "a")

    assert (await bus.js.stream_info(LIMITS)).state.messages == 1


async def test_keys_and_windows_are_counted_apart(
    processes: list[SharedCounters], clock: SettableClock
) -> None:
    for _ in range(11):
        await processes[0].hit(LOG_IN, "a")
    refused = await processes[0].hit(LOG_IN, "a")
    other = await processes[0].hit(LOG_IN, "b")
    clock.advance(refused.retry_after)
    later = await processes[0].hit(LOG_IN, "a")

    assert (refused.is_admitted, other.is_admitted, later.is_admitted) == (False, True, True)
    assert later.remaining == 9


async def test_a_process_without_a_broker_admits_less_and_says_so(clock: SettableClock) -> None:
    lonely = SharedCounters(Bus(NOBODY, "auth"), clock)
    before = alone()

    verdicts = [await lonely.hit(LOG_IN, "a") for _ in range(5)]

    assert [verdict.is_admitted for verdict in verdicts] == [True] * 3 + [False] * 2
    assert not any(verdict.is_shared for verdict in verdicts)
    assert alone() == before + 5


async def test_who_is_left_alone_remembers_what_it_has_admitted(
    processes: list[SharedCounters], bus: Bus
) -> None:
    for _ in range(3):
        await processes[0].hit(LOG_IN, "a")

    await bus.client.close()

    assert not (await processes[0].hit(LOG_IN, "a")).is_admitted


async def test_a_missing_stream_holds_nobody_up(processes: list[SharedCounters], bus: Bus) -> None:
    await bus.js.delete_stream(LIMITS)

    verdict = await processes[0].hit(LOG_IN, "a")

    assert verdict.is_admitted
    assert not verdict.is_shared
