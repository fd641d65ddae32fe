"""What the benchmark of the bus compares: ways into the stream, out of it, and through it."""

import asyncio
import time
from itertools import count
from uuid import uuid4

from bench.bus_setting import CONNECTIONS, SCHEMA, Setting, sealed, updated, verified
from bench.harness import Measure
from sqlalchemy import text

from stitch_common.bus.connection import Bus
from stitch_common.bus.consumer import BatchConsumer, Consumer
from stitch_common.bus.envelope import Envelope
from stitch_common.bus.inbox import Inbox, Received, admit_sql
from stitch_common.bus.outbox import Outbox
from stitch_common.bus.relay import Relay
from stitch_common.bus.repository import MOST_ROWS
from stitch_common.bus.subscriptions import Subscriptions
from stitch_common.bus.topology import STREAM, apply
from stitch_common.clock import utc_now
from stitch_common.contracts import Fact
from stitch_common.contracts.auth import UserUpdated, UserVerified

RELAYED, SINGLY = 20_000, 400
IN_BATCHES, ONE_BY_ONE = 5000, 1500
RATE, LATENCIES = 50, 300

MANY_EFFECTS = text("insert into auth.effect select unnest(cast(:ids as bigint[]))")
ONE_EFFECT = text("insert into auth.effect values (:id)")
MARK_AND_EFFECT = (
    f"with {admit_sql('auth-statements')} insert into auth.effect select $3 from admitted"  # noqa: S608 - ours
)


class Publishers:
    """Three ways into the stream; each gives how many facts it has published."""

    def __init__(self, around: Setting) -> None:
        self._around = around
        self._numbers = count()

    async def relay(self) -> int:
        """Drain what waits: connecting, healing and the cursor included."""
        await drain(self._around.bus, self._around.dsn)
        return RELAYED

    async def raw_batches(self) -> int:
        for first in range(0, RELAYED, MOST_ROWS):
            await raw_batch(self._around.bus, self._envelopes[first : first + MOST_ROWS])
        return RELAYED

    async def one_by_one(self) -> int:
        for envelope in self._envelopes[:SINGLY]:
            await self._around.bus.js.publish(
                envelope.subject,
                envelope.payload,
                headers={**envelope.headers, "Nats-Msg-Id": str(envelope.fact_id)},
            )
        return SINGLY

    def filled(self, measure: Measure) -> Measure:
        async def fill_first() -> float:
            await self._around.fill(RELAYED)
            return await measure()

        return fill_first

    def sealed(self, measure: Measure) -> Measure:
        async def seal_first() -> float:
            self._envelopes = sealed([updated(n) for n in range(RELAYED)])
            return await measure()

        return seal_first


async def drain(bus: Bus, dsn: str) -> None:
    stop = asyncio.Event()
    stop.set()
    await Relay(bus, dsn, SCHEMA).run(stop)


async def raw_batch(bus: Bus, envelopes: list[Envelope]) -> None:
    batch = str(envelopes[0].fact_id)
    for number, envelope in enumerate(envelopes, start=1):
        headers = {
            **envelope.headers,
            "Nats-Msg-Id": str(envelope.fact_id),
            "Nats-Batch-Id": batch,
            "Nats-Batch-Sequence": str(number),
        }
        if number == len(envelopes):
            headers["Nats-Batch-Commit"] = "1"
            await bus.client.request(envelope.subject, envelope.payload, 10, headers=headers)
        else:
            await bus.client.publish(envelope.subject, envelope.payload, headers=headers)


class Readers:
    """Ways out of the stream, each with a consumer that has seen nothing yet."""

    def __init__(self, around: Setting) -> None:
        self._around = around
        self._raw = BatchConsumer("auth-raw", [UserUpdated], self._take_many)
        self._batches = BatchConsumer("auth-batches", [UserUpdated], self._take_many)
        self._singles = Consumer("auth-singles", workers=CONNECTIONS)
        self._singles.on(UserVerified)(self._take_one)
        self._statements = Consumer("auth-statements", workers=CONNECTIONS)
        self._statements.on(UserVerified)(self._take_in_one_statement)

    async def publish(self) -> None:
        """Put into the stream what all of them read."""
        for first in range(0, IN_BATCHES, MOST_ROWS):
            await raw_batch(
                self._around.bus, sealed([updated(n) for n in range(first, first + MOST_ROWS)])
            )
        for first in range(0, ONE_BY_ONE, ONE_BY_ONE // 2):
            facts = [verified(n) for n in range(first, first + ONE_BY_ONE // 2)]
            await raw_batch(self._around.bus, sealed(facts))

    async def raw(self) -> int:
        subscription = await self._around.bus.js.pull_subscribe_bind(self._raw.name, STREAM)
        read = 0
        while read < IN_BATCHES:
            for message in await subscription.fetch(100):
                await message.ack()
                read += 1
        await self._settled(self._raw.name)
        await subscription.unsubscribe()
        return read

    async def in_batches(self) -> int:
        return await self._read(self._batches, IN_BATCHES)

    async def singly(self) -> int:
        return await self._read(self._singles, ONE_BY_ONE)

    async def in_one_statement(self) -> int:
        return await self._read(self._statements, ONE_BY_ONE)

    async def without_a_bus(self) -> int:
        """Call the handler itself, as often at a time as the consumer does."""
        numbers = iter(range(ONE_BY_ONE))

        async def call() -> None:
            for number in numbers:
                await self._take_one(verified(number), received_by(self._singles))

        await asyncio.gather(*(call() for _ in range(CONNECTIONS)))
        return ONE_BY_ONE

    async def bare_commits(self) -> int:
        """Write the same effects, one statement and one commit each, one after the other."""
        async with self._around.pool.acquire() as connection:
            for number in range(ONE_BY_ONE):
                await connection.execute("insert into auth.effect values ($1)", number)
        return ONE_BY_ONE

    async def bare_commits_at_a_time(self) -> int:
        """Write the same effects with as many connections as the consumer has."""
        numbers = iter(range(ONE_BY_ONE))

        async def write() -> None:
            for number in numbers:
                await self._around.pool.execute("insert into auth.effect values ($1)", number)

        await asyncio.gather(*(write() for _ in range(CONNECTIONS)))
        return ONE_BY_ONE

    async def _take_many(self, batch: list[tuple[Fact, Received]]) -> None:
        async with self._around.database.transaction() as session:
            new = await Inbox(session).admit_many([received for _, received in batch])
            ids = [int(fact.aggregate_id) for fact, received in batch if received.fact_id in new]
            await session.execute(MANY_EFFECTS, {"ids": ids})

    async def _take_one(self, fact: UserVerified, received: Received) -> None:
        async with self._around.database.transaction() as session:
            if await Inbox(session).admit(received):
                await session.execute(ONE_EFFECT, {"id": fact.user_id})

    async def _take_in_one_statement(self, fact: UserVerified, received: Received) -> None:
        async with self._around.database.connection() as connection:
            await connection.execute(
                MARK_AND_EFFECT, received.consumer, received.fact_id, fact.user_id
            )

    async def _read(self, consumer: Consumer, facts: int) -> int:
        stop = asyncio.Event()
        running = asyncio.create_task(Subscriptions(self._around.bus, [consumer]).run(stop))
        await self._settled(consumer.name)
        stop.set()
        await running
        return facts

    async def _settled(self, consumer: str) -> None:
        while True:
            info = await self._around.bus.js.consumer_info(STREAM, consumer)
            if not info.num_pending and not info.num_ack_pending:
                return
            await asyncio.sleep(0.02)

    def afresh(self, measure: Measure) -> Measure:
        """Let the consumers begin anew, with inboxes that remember nothing."""

        async def forget_first() -> float:
            await self._around.pool.execute("truncate auth.inbox, auth.effect")
            for consumer in (self._raw, self._batches, self._singles, self._statements):
                await self._forget(consumer)
            return await measure()

        return forget_first

    async def _forget(self, consumer: Consumer) -> None:
        await apply(self._around.bus, [consumer])
        await self._around.bus.js.delete_consumer(STREAM, consumer.name)
        await apply(self._around.bus, [consumer])


def received_by(consumer: Consumer) -> Received:
    return Received(uuid4(), consumer.name, UserVerified.subject, 1, utc_now(), 1, None, 1)


class Journey:
    """From commit to handler in one process, as on a laptop, at a steady pace."""

    def __init__(self, around: Setting) -> None:
        self._around = around
        self._numbers = count(1_000_000)
        self._wanted: set[int] = set()
        self._committed_at: dict[int, float] = {}
        self._arrived_at: dict[int, float] = {}

    def quantile(self, share: float) -> Measure:
        async def measure() -> float:
            travelled = sorted(await self._travel())
            return travelled[round(share * (len(travelled) - 1))]

        return measure

    def bare(self, share: float) -> Measure:
        """Commit a row and let the broker acknowledge it, at the same pace, without our code."""

        async def measure() -> float:
            async with asyncio.TaskGroup() as commits:
                tasks = []
                for _ in range(LATENCIES):
                    tasks.append(commits.create_task(self._publish_bare()))
                    await asyncio.sleep(1 / RATE)
            travelled = sorted(task.result() for task in tasks)
            return travelled[round(share * (len(travelled) - 1))]

        return measure

    async def _publish_bare(self) -> float:
        await self._around.pool.execute("insert into auth.effect values (1)")
        begun = time.perf_counter()
        await self._around.pool.fetchval("select count(*) from auth.outbox_cursor")
        await self._around.bus.js.publish(UserUpdated.subject, b"{}")
        return (time.perf_counter() - begun) * 1000

    async def _travel(self) -> list[float]:
        consumer = Consumer("auth-journey")
        consumer.on(UserVerified)(self._arrive)
        await apply(self._around.bus, [consumer])
        self._wanted, self._committed_at, self._arrived_at = set(), {}, {}
        stop = asyncio.Event()
        working = [
            asyncio.create_task(Relay(self._around.bus, self._around.dsn, SCHEMA).run(stop)),
            asyncio.create_task(Subscriptions(self._around.bus, [consumer]).run(stop)),
        ]
        await asyncio.sleep(1)
        async with asyncio.TaskGroup() as commits:
            for _ in range(LATENCIES):
                commits.create_task(self._depart())
                await asyncio.sleep(1 / RATE)
        while len(self._arrived_at) < LATENCIES:  # noqa: ASYNC110 - the handler counts
            await asyncio.sleep(0.01)
        stop.set()
        await asyncio.gather(*working)
        # A handler may begin before whoever has committed goes on.
        return [
            max(0.0, self._arrived_at[number] - committed_at) * 1000
            for number, committed_at in self._committed_at.items()
        ]

    async def _depart(self) -> None:
        number = next(self._numbers)
        self._wanted.add(number)
        async with self._around.database.transaction() as session:
            Outbox(session).add(verified(number))
        self._committed_at[number] = time.perf_counter()

    async def _arrive(self, fact: UserVerified, _received: Received) -> None:
        if fact.user_id in self._wanted:
            self._arrived_at.setdefault(fact.user_id, time.perf_counter())
