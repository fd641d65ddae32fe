"""Processes count together; one that is left alone counts for itself, and admits less (S71)."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY

from stitch_common.bus.connection import Bus
from stitch_common.bus.topology import LIMITS, apply
from stitch_common.limits import counters
from stitch_common.limits.counters import SharedCounters
from stitch_common.limits.models import Limit, Verdict
from stitch_common.testing.broker import OwnBroker
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.traffic import clean_bus, connected
from stitch_common.testing.waiting import PATIENCE, promised, until

LOG_IN = Limit("log-in", most=10, window=timedelta(minutes=1), most_alone=3)
PER_HOUR = Limit("log-in-hour", most=15, window=timedelta(hours=1))
EPOCH = 3 * LOG_IN.window
"""For so long a counter counts; tests begin with one."""
NOBODY = "nats://127.0.0.1:9"


@pytest.fixture
async def other(nats_url: str) -> AsyncGenerator[Bus]:
    async with connected(nats_url, "content") as bus:
        yield bus


@pytest.fixture
def processes(
    bus: Bus, other: Bus, clock: SettableClock, patient_counters: None
) -> list[SharedCounters]:
    return [SharedCounters(bus, clock), SharedCounters(other, clock)]


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, {"limit": "log-in", **labels}) or 0


async def messages(bus: Bus) -> int:
    return (await bus.js.stream_info(LIMITS)).state.last_seq


async def flood(processes: list[SharedCounters], number: int, key: str = "a") -> list[Verdict]:
    tries = (processes[each % len(processes)].hit(LOG_IN, key) for each in range(number))
    return list(await asyncio.gather(*tries))


async def test_two_processes_admit_together_what_the_limit_says(
    processes: list[SharedCounters],
) -> None:
    verdicts = await flood(processes, 24)

    assert sum(verdict.is_admitted for verdict in verdicts) == 10
    assert sorted(v.remaining for v in verdicts if v.is_admitted) == list(range(10))
    assert all(verdict.is_shared for verdict in verdicts)


async def test_where_windows_meet_no_more_is_admitted_than_in_any_other_stretch(
    processes: list[SharedCounters], clock: SettableClock
) -> None:
    clock.advance(EPOCH - timedelta(seconds=1))
    late = await flood(processes, 24)
    clock.advance(timedelta(seconds=2))
    early = await flood(processes, 24)

    assert sum(verdict.is_admitted for verdict in late + early) == 10


async def test_under_lasting_load_the_limit_is_used_up_and_never_exceeded(
    processes: list[SharedCounters], clock: SettableClock
) -> None:
    """S71: within 5 %, over three windows and whatever has been refused meanwhile."""
    clock.advance(EPOCH - timedelta(seconds=90))
    admitted = []
    for second in range(0, 190, 2):
        admitted += [second for verdict in await flood(processes, 8) if verdict.is_admitted]
        clock.advance(timedelta(seconds=2))

    in_any_window = [sum(at <= each < at + 60 for each in admitted) for at in range(0, 190, 2)]
    assert max(in_any_window) == 10
    assert len(admitted) == 30


async def test_after_the_wait_one_is_admitted_whoever_asks(
    processes: list[SharedCounters], clock: SettableClock
) -> None:
    clock.advance(EPOCH + timedelta(seconds=41))
    refused = [verdict for verdict in await flood(processes, 24) if not verdict.is_admitted]

    clock.advance(timedelta(seconds=max(verdict.wait for verdict in refused)))
    later = await processes[1].hit(LOG_IN, "a")

    assert later.is_admitted
    assert all(60 <= verdict.wait <= 63 for verdict in refused)


async def test_a_flood_of_refused_tries_does_not_reach_the_broker(
    processes: list[SharedCounters], bus: Bus, other: Bus
) -> None:
    await flood(processes, 30)
    for each in (bus, other):
        await each.client.flush()  # what was refused has been taken back
    before = await messages(bus)

    verdicts = await flood(processes, 100)

    assert not any(verdict.is_admitted for verdict in verdicts)
    assert await messages(bus) == before


async def test_keys_are_counted_apart(processes: list[SharedCounters]) -> None:
    await flood(processes, 11)

    assert not (await processes[0].hit(LOG_IN, "a")).is_admitted
    assert (await processes[0].hit(LOG_IN, "b")).remaining == 9


async def test_what_one_limit_refuses_no_other_counts(
    processes: list[SharedCounters], clock: SettableClock
) -> None:
    both = [(LOG_IN, "a"), (PER_HOUR, "a")]
    for _ in range(40):
        refused = await processes[0].hit_all(both)
    clock.advance(timedelta(minutes=2))

    assert [verdict.is_admitted for verdict in refused] == [False, True]
    admitted = [all(v.is_admitted for v in await processes[1].hit_all(both)) for _ in range(9)]
    assert admitted == [True] * 5 + [False] * 4


async def test_what_is_forgotten_is_forgotten_by_all(
    processes: list[SharedCounters], clock: SettableClock
) -> None:
    clock.advance(EPOCH - timedelta(seconds=5))
    await flood(processes[:1], 5)
    clock.advance(timedelta(seconds=10))
    await flood(processes[:1], 4)

    await processes[0].forget([LOG_IN], "a")

    assert [(await each.hit(LOG_IN, "a")).remaining for each in processes] == [9, 8]


async def test_tries_are_counted_by_what_became_of_them(processes: list[SharedCounters]) -> None:
    before = [counted("stitch_limits_total", outcome=each) for each in ("admitted", "refused")]

    await flood(processes, 24)

    assert counted("stitch_limits_total", outcome="admitted") == before[0] + 10
    assert counted("stitch_limits_total", outcome="refused") == before[1] + 14


async def test_a_process_without_a_broker_admits_less_and_says_so(clock: SettableClock) -> None:
    lonely = SharedCounters(Bus(NOBODY, "auth"), clock)
    before = counted("stitch_limits_alone_total")

    verdicts = [await lonely.hit(LOG_IN, "a") for _ in range(5)]

    assert [verdict.is_admitted for verdict in verdicts] == [True] * 3 + [False] * 2
    assert not any(verdict.is_shared for verdict in verdicts)
    assert counted("stitch_limits_alone_total") == before + 4  # the fifth was known to be refused


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

    await apply(bus)
    assert verdict.is_admitted
    assert not verdict.is_shared


@pytest.fixture
async def sharing(broker: OwnBroker, clock: SettableClock) -> AsyncGenerator[SharedCounters]:
    """Counters on a broker that can be let hang."""
    async with clean_bus(broker.address, "auth") as bus:
        yield SharedCounters(bus, clock)
        broker.go_on()


async def test_a_broker_that_hangs_holds_up_one_round_of_tries(
    broker: OwnBroker, sharing: SharedCounters, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody waits twice: a second broker would be asked in vain for every request."""
    monkeypatch.setattr(counters, "REST_SECONDS", PATIENCE)
    await until_shared(sharing)
    broker.hang()

    async with promised(2 * counters.ANSWER_SECONDS):
        verdicts = [await sharing.hit(LOG_IN, key) for key in "aaaabbbb"]
        await sharing.forget([LOG_IN], "a")

    assert not any(verdict.is_shared for verdict in verdicts)
    assert [v.is_admitted for v in verdicts] == [True, True, True, False] * 2


async def test_when_the_broker_is_back_all_count_together_again(
    broker: OwnBroker, sharing: SharedCounters, monkeypatch: pytest.MonkeyPatch
) -> None:
    broker.hang()
    alone = await sharing.hit(LOG_IN, "a")
    broker.go_on()
    monkeypatch.setattr(counters, "ANSWER_SECONDS", PATIENCE)

    await until_shared(sharing)
    verdicts = [await sharing.hit(LOG_IN, "c") for _ in range(11)]

    assert not alone.is_shared
    assert [verdict.is_admitted for verdict in verdicts] == [True] * 10 + [False]


async def until_shared(sharing: SharedCounters) -> None:
    probe = Limit("probe", 10_000, timedelta(minutes=1))

    async def is_shared() -> bool:
        return (await sharing.hit(probe, "b")).is_shared

    await until(is_shared)
