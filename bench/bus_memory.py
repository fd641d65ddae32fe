"""What a relay and a consumer hold in memory while many facts wait: each in a process of its own.

`python bench/bus_memory.py relay|consumer <dsn> <nats> <facts>` is that process; it does its work
and tells how much memory it took at most, in MiB.
"""

import asyncio
import sys
from pathlib import Path

import uvloop
from bench.bus_setting import Setting, connected
from bench.bus_ways import drain
from bench.harness import Benchmark, Measure, Ratio

from stitch_common.bus.consumer import BatchConsumer
from stitch_common.bus.inbox import Inbox, Received
from stitch_common.bus.subscriptions import Subscriptions
from stitch_common.bus.topology import STREAM, apply
from stitch_common.contracts import Fact
from stitch_common.contracts.auth import UserUpdated

FEW, MANY = 1000, 200_000
READ = 20_000
"""Of the many that wait in the stream; a consumer that reads ahead would hold more by then."""


def remembering(around: Setting) -> list[Benchmark]:
    def relay(facts: int) -> Measure:
        async def measure() -> float:
            await around.fill(facts)
            return await peak(around, "relay", facts)

        return measure

    def consumer(facts: int) -> Measure:
        async def measure() -> float:
            await forget(around)
            return await peak(around, "consumer", facts)

        return measure

    return [
        Benchmark(
            "memory of a relay",
            "MiB at most",
            {f"{FEW:,} wait": relay(FEW), f"{MANY:,} wait": relay(MANY)},
            {"memory of a relay, many/few": Ratio(f"{MANY:,} wait", f"{FEW:,} wait", ("<=", 1.2))},
            rounds=1,
        ),
        Benchmark(
            f"memory of a consumer while {MANY:,} facts wait",
            "MiB at most",
            {f"{FEW:,} read": consumer(FEW), f"{READ:,} read": consumer(READ)},
            {
                "memory of a consumer, many/few": Ratio(
                    f"{READ:,} read", f"{FEW:,} read", ("<=", 1.2)
                )
            },
            rounds=1,
        ),
    ]


async def peak(around: Setting, role: str, facts: int) -> float:
    command = [sys.executable, __file__, role, around.dsn, around.nats_url, str(facts)]
    child = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    said, _ = await child.communicate()
    return float(said.split()[-1])


async def forget(around: Setting) -> None:
    """Let the consumer begin anew, with an inbox that remembers nothing."""
    await around.pool.execute("truncate auth.inbox")
    waiting = BatchConsumer("auth-memory", [UserUpdated], _take)
    await apply(around.bus, [waiting])
    await around.bus.js.delete_consumer(STREAM, waiting.name)
    await apply(around.bus, [waiting])


async def _take(_batch: list[tuple[Fact, Received]]) -> None: ...


async def work(role: str, dsn: str, nats_url: str, facts: str) -> None:
    async with connected(dsn, nats_url) as around:
        if role == "relay":
            await drain(around.bus, dsn)
        else:
            await read(around, int(facts))
    sys.stdout.write(f"{most_held()}\n")


def most_held() -> float:
    """MiB; getrusage would tell of the process that began this one, if that held more."""
    lines = Path("/proc/self/status").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("VmHWM")]
    return int(line.split()[1]) / 1024


async def read(around: Setting, facts: int) -> None:
    handled, stop = 0, asyncio.Event()

    async def take(batch: list[tuple[Fact, Received]]) -> None:
        nonlocal handled
        async with around.database.transaction() as session:
            await Inbox(session).admit_many([received for _, received in batch])
        handled += len(batch)
        if handled >= facts:
            stop.set()

    await Subscriptions(around.bus, [BatchConsumer("auth-memory", [UserUpdated], take)]).run(stop)


if __name__ == "__main__":
    uvloop.run(work(*sys.argv[1:]))
