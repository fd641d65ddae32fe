"""The bus: relay and consumers against the bare broker and the bare database, and the way between.

`python bench/bus.py drain <dsn> <nats>` is the child that publishes what waits, and tells how
much memory that took.
"""

import asyncio
import resource
import sys
import time
from collections.abc import Awaitable, Callable

import uvloop
from bench.bus_setting import SCHEMA, Setting, setting
from bench.bus_ways import Journey, Publishers, Readers, drain
from bench.harness import Benchmark, Measure, Ratio, report

from stitch_common.bus.connection import Bus

FEW_WAIT, MANY_WAIT = 1000, 200_000

Work = Callable[[], Awaitable[int]]
"""Gives how many facts it was about."""


def rate(work: Work) -> Measure:
    async def measure() -> float:
        begun = time.perf_counter()
        done = await work()
        return done / (time.perf_counter() - begun)

    return measure


def cpu(work: Work) -> Measure:
    """Count microseconds of this process only: the servers have their own."""

    async def measure() -> float:
        begun = time.process_time()
        done = await work()
        return (time.process_time() - begun) * 1e6 / done

    return measure


def publishing(around: Setting) -> list[Benchmark]:
    ways = Publishers(around)
    return [
        Benchmark(
            "publishing",
            "facts/s",
            {
                "relay": ways.filled(rate(ways.relay)),
                "raw atomic batches": ways.sealed(rate(ways.raw_batches)),
                "one by one": ways.sealed(rate(ways.one_by_one)),
            },
            {
                "relay/raw batches": Ratio("relay", "raw atomic batches", (">=", 0.6)),
                "relay/one by one": Ratio("relay", "one by one", (">=", 8.0)),
            },
        ),
        Benchmark(
            "CPU of publishing",
            "µs a fact",
            {
                "relay": ways.filled(cpu(ways.relay)),
                "raw atomic batches": ways.sealed(cpu(ways.raw_batches)),
            },
            {"CPU relay/raw batches": Ratio("relay", "raw atomic batches")},
            rounds=3,
        ),
    ]


def consuming(ways: Readers) -> list[Benchmark]:
    return [
        Benchmark(
            "reading in batches, with an inbox",
            "facts/s",
            {
                "batches with inbox": ways.afresh(rate(ways.in_batches)),
                "nats-py fetch and ack": ways.afresh(rate(ways.raw)),
            },
            {
                "batches/raw fetch": Ratio(
                    "batches with inbox", "nats-py fetch and ack", (">=", 0.35)
                )
            },
        ),
        Benchmark(
            "reading singly, with an inbox",
            "facts/s",
            {
                "single with inbox": ways.afresh(rate(ways.singly)),
                "single, one statement": ways.afresh(rate(ways.in_one_statement)),
                "bare commits": ways.afresh(rate(ways.bare_commits)),
                "bare commits, eight at a time": ways.afresh(rate(ways.bare_commits_at_a_time)),
            },
            {
                "single/bare commits": Ratio("single with inbox", "bare commits", (">=", 0.5)),
                "statement/bare commits": Ratio("single, one statement", "bare commits"),
                "statement/eight at a time": Ratio(
                    "single, one statement", "bare commits, eight at a time"
                ),
            },
        ),
        Benchmark(
            "CPU of reading",
            "µs a fact",
            {
                "batches with inbox": ways.afresh(cpu(ways.in_batches)),
                "single with inbox": ways.afresh(cpu(ways.singly)),
                "nats-py fetch and ack": ways.afresh(cpu(ways.raw)),
            },
            {
                "CPU batches/raw": Ratio("batches with inbox", "nats-py fetch and ack"),
                "CPU single/raw": Ratio("single with inbox", "nats-py fetch and ack"),
            },
            rounds=3,
        ),
    ]


async def one_millisecond() -> float:
    return 1.0


def travelling(around: Setting) -> Benchmark:
    journey = Journey(around)
    return Benchmark(
        "from commit to handler at 50 facts/s",
        "ms",
        {
            "p50": journey.quantile(0.5),
            "p99": journey.quantile(0.99),
            "bare p99": journey.bare(0.99),
            "a millisecond": one_millisecond,
        },
        {
            "commit to handler p50, ms": Ratio("p50", "a millisecond", ("<=", 5.0)),
            "commit to handler p99, ms": Ratio("p99", "a millisecond", ("<=", 30.0)),
            # What the machine alone costs: a query and an acknowledged message.
            "p99/bare p99": Ratio("p99", "bare p99"),
        },
        rounds=3,
    )


def remembering(around: Setting) -> Benchmark:
    def peak(facts: int) -> Measure:
        async def measure() -> float:
            await around.fill(facts)
            command = [sys.executable, __file__, "drain", around.dsn, around.nats_url]
            child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
            said, _ = await child.communicate()
            return float(said.split()[-1])

        return measure

    return Benchmark(
        "memory of a relay",
        "MiB at most",
        {f"{FEW_WAIT:,} wait": peak(FEW_WAIT), f"{MANY_WAIT:,} wait": peak(MANY_WAIT)},
        {"memory many/few": Ratio(f"{MANY_WAIT:,} wait", f"{FEW_WAIT:,} wait", ("<=", 1.2))},
        rounds=1,
    )


async def drain_and_tell(dsn: str, nats_url: str) -> None:
    bus = Bus(nats_url, SCHEMA)
    await bus.connect()
    await drain(bus, dsn)
    await bus.close()
    sys.stdout.write(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}\n")


async def main() -> None:
    async with setting() as around:
        readers = Readers(around)
        await readers.publish()
        benchmarks = [
            *consuming(readers),
            travelling(around),
            *publishing(around),
            remembering(around),
        ]
        for benchmark in benchmarks:
            await benchmark.run()
    report("bus", benchmarks)


if __name__ == "__main__":
    if sys.argv[1:2] == ["drain"]:
        uvloop.run(drain_and_tell(*sys.argv[2:]))
    else:
        uvloop.run(main())
