"""The bus: relay and consumers against the bare broker and the bare database, and the way between.

A fact that is handled singly costs one commit, so the yardstick is the same number of bare commits:
one row in one statement on asyncpg's own connection, first one after the other, as a loop without
a bus would make them. The handler that is compared with them does the same, and marks the fact in
the same statement. Beside it stand what services mostly write, a transaction of the ORM with the
mark and the effect; the same transaction without a bus around it; and bare commits from as many
connections at once as the consumer has workers, which is what PostgreSQL can do, and what a Python
process that has to receive, decode, trace and settle each fact can't.
"""

import time
from collections.abc import Awaitable, Callable

import uvloop
from bench.bus_memory import remembering
from bench.bus_setting import Setting, setting
from bench.bus_ways import Journey, Publishers, Readers
from bench.harness import Benchmark, Measure, Ratio, report

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
                "one statement": ways.afresh(rate(ways.in_one_statement)),
                "a session": ways.afresh(rate(ways.singly)),
                "a session, no bus": ways.afresh(rate(ways.without_a_bus)),
                "bare commits": ways.afresh(rate(ways.bare_commits)),
                "bare commits, eight at a time": ways.afresh(rate(ways.bare_commits_at_a_time)),
            },
            {
                "single/bare commits": Ratio("one statement", "bare commits", (">=", 0.5)),
                "session/bare commits": Ratio("a session", "bare commits"),
                "session/no bus": Ratio("a session", "a session, no bus"),
                "single/eight at a time": Ratio("one statement", "bare commits, eight at a time"),
                "session/eight at a time": Ratio("a session", "bare commits, eight at a time"),
            },
        ),
        Benchmark(
            "CPU of reading",
            "µs a fact",
            {
                "batches with inbox": ways.afresh(cpu(ways.in_batches)),
                "one statement": ways.afresh(cpu(ways.in_one_statement)),
                "a session": ways.afresh(cpu(ways.singly)),
                "nats-py fetch and ack": ways.afresh(cpu(ways.raw)),
            },
            {
                "CPU batches/raw": Ratio("batches with inbox", "nats-py fetch and ack"),
                "CPU single/raw": Ratio("one statement", "nats-py fetch and ack"),
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


async def main() -> None:
    async with setting() as around:
        readers = Readers(around)
        await readers.publish()
        benchmarks = [
            *consuming(readers),
            travelling(around),
            *publishing(around),
            *remembering(around),
        ]
        for benchmark in benchmarks:
            await benchmark.run()
    report("bus", benchmarks)


if __name__ == "__main__":
    uvloop.run(main())
