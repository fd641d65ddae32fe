"""A running consumer: facts come from its puller, go to a handler, and are settled."""

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from functools import partial
from typing import TypeVar

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from opentelemetry import trace

from stitch_common.bus import metrics
from stitch_common.bus.connection import Bus
from stitch_common.bus.consumer import BatchConsumer, Consumer
from stitch_common.bus.delivery import Delivery, Position, park
from stitch_common.bus.dispatch import Dispatcher
from stitch_common.bus.pull import Puller
from stitch_common.bus.settlement import (
    HandlerTooSlowError,
    MalformedFactError,
    Park,
    Retry,
    Settlement,
    describe,
    is_explained,
    is_infrastructure,
    settle,
)
from stitch_common.bus.topology import DEAD_LETTERS, STREAM
from stitch_common.context import request_id

log = structlog.get_logger(__name__)

DRAIN_SECONDS = 15.0
LINGER_SECONDS = 0.005
"""How long the first fact of a batch waits for others."""

T = TypeVar("T")

_tracer = trace.get_tracer("stitch.bus")


class Flow(ABC):
    """What single and batch consumers have in common."""

    def __init__(self, bus: Bus, consumer: Consumer, dispatcher: Dispatcher) -> None:
        self._bus = bus
        self._consumer = consumer
        self._dispatcher = dispatcher
        facts = {fact.subject: fact for fact in consumer.facts}
        self._read = partial(Delivery.read, consumer=consumer.name, facts=facts)
        self._puller = Puller(bus, consumer, self._receive)
        self._in_hand: dict[int, Msg] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: Counter[int] = Counter()
        self._outages = 0
        self._done = metrics.HANDLED.labels(consumer.name, "done")
        self._seconds = metrics.HANDLE_SECONDS.labels(consumer.name)

    @property
    def why_not(self) -> str | None:
        return self._puller.why_not

    def stop(self) -> None:
        self._puller.stop()

    async def run(self) -> None:
        """Handle facts until told to stop, then finish what has begun."""
        watch = asyncio.create_task(self._watch())
        try:
            await self._puller.run()
            with suppress(TimeoutError):
                async with asyncio.timeout(DRAIN_SECONDS):
                    await self._finish()
        finally:
            for task in (watch, *self._tasks):
                task.cancel()
            await self._puller.acknowledge()
            with suppress(NatsError):
                for message in self._in_hand.values():
                    await message.nak()

    async def _finish(self) -> None:
        while self._tasks:
            await asyncio.wait(self._tasks, return_when=asyncio.FIRST_COMPLETED)
            await self._puller.acknowledge()

    async def _watch(self) -> None:
        """Tell the broker that slow facts are still worked on, and Prometheus how it goes."""
        while True:
            await asyncio.sleep(self._consumer.ack_wait.total_seconds() / 3)
            with suppress(NatsError):
                for message in list(self._in_hand.values()):
                    await message.in_progress()
                await self._sample()

    async def _sample(self) -> None:
        name = self._consumer.name
        metrics.WORKERS_WAITING.labels(name).set(self._puller.free)
        if self._bus.connected.is_set():
            info = await self._bus.js.consumer_info(STREAM, name)
            metrics.CONSUMER_LAG.labels(name).set(info.num_pending or 0)
            metrics.CONSUMER_UNSETTLED.labels(name).set(info.num_ack_pending or 0)
            parked = await self._bus.js.stream_info(DEAD_LETTERS, f"stitch._dlq.{name}.>")
            metrics.DEAD_LETTERS.labels(name).set(sum((parked.state.subjects or {}).values()))

    def _receive(self, message: Msg) -> None:
        position = Position.of(message)
        if position.delivered > 1:
            metrics.REDELIVERIES.labels(self._consumer.name).inc()
        if position.sequence in self._in_hand:
            self._puller.release()  # the broker was impatient; settling the first settles both
            return
        self._in_hand[position.sequence] = message
        try:
            self._accept(self._read(message, position))
        except MalformedFactError as error:
            self._begin(self._settle(message, error))

    @abstractmethod
    def _accept(self, delivery: Delivery) -> None: ...

    def _begin(self, work: Awaitable[None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _handle_one(self, delivery: Delivery) -> None:
        if error := await self._guarded(self._dispatcher.call, delivery):
            await self._settle(delivery.message, error)
        else:
            self._conclude([delivery])

    async def _guarded(self, call: Callable[[T], Awaitable[None]], work: T) -> Exception | None:
        """Call the handler; give what went wrong."""
        seconds = self._consumer.patience.time_limit.total_seconds()
        try:
            with self._seconds.time():
                async with asyncio.timeout(seconds) as limit:
                    await call(work)
        except TimeoutError as error:
            return HandlerTooSlowError() if limit.expired() else error
        except Exception as error:  # noqa: BLE001 - settlement decides about all of them
            return error
        return None

    def _conclude(self, batch: Sequence[Delivery]) -> None:
        """Their effects are committed, or were before."""
        self._outages = 0
        for delivery in batch:
            sequence = delivery.received.stream_sequence
            self._failures.pop(sequence, None)
            self._in_hand.pop(sequence, None)
        self._done.inc(len(batch))
        self._puller.done([delivery.message for delivery in batch])

    async def _settle(self, message: Msg, error: Exception) -> None:
        """Do what the failure asks for; if the broker can't hear it, it will deliver again."""
        try:
            await self._execute(message, self._decide(message, error))
        except NatsError as reason:
            log.warning("settlement_lost", consumer=self._consumer.name, error=repr(reason))
        finally:
            self._in_hand.pop(message.metadata.sequence.stream, None)
            self._puller.release()

    def _decide(self, message: Msg, error: Exception) -> Settlement:
        sequence = message.metadata.sequence.stream
        if is_infrastructure(error):
            self._outages += 1
        else:
            self._failures[sequence] += 1
        settlement = settle(
            error,
            failures=self._failures[sequence] or self._outages,
            delivered=message.metadata.num_delivered,
            patience=self._consumer.patience,
        )
        if not isinstance(settlement, Retry):
            del self._failures[sequence]
        self._report(message, settlement, error)
        return settlement

    def _report(self, message: Msg, settlement: Settlement, error: Exception) -> None:
        name, outcome = self._consumer.name, type(settlement).__name__.lower()
        metrics.HANDLED.labels(name, outcome).inc()
        say = log.error if isinstance(settlement, Park) else log.warning
        say(
            f"fact_{outcome}",
            consumer=name,
            subject=message.subject,
            sequence=message.metadata.sequence.stream,
            delivered=message.metadata.num_delivered,
            error=describe(error),
            exc_info=None if is_explained(error) else error,
        )

    async def _execute(self, message: Msg, settlement: Settlement) -> None:
        match settlement:
            case Retry(seconds, blames_infrastructure):
                if blames_infrastructure:
                    self._puller.rest(seconds)
                await message.nak(delay=seconds)
            case Park(reason):
                await park(self._bus, message, self._consumer.name, reason)
                await message.ack()


class SingleFlow(Flow):
    """One task a fact; facts about one aggregate wait for each other."""

    def __init__(self, bus: Bus, consumer: Consumer, dispatcher: Dispatcher) -> None:
        super().__init__(bus, consumer, dispatcher)
        self._latest: dict[tuple[str, ...], asyncio.Task[None]] = {}

    def _accept(self, delivery: Delivery) -> None:
        aggregate = delivery.aggregate
        self._latest[aggregate] = self._begin(self._handle(delivery, self._latest.get(aggregate)))

    async def _handle(self, delivery: Delivery, earlier: asyncio.Task[None] | None) -> None:
        if earlier is not None:
            await asyncio.wait([earlier])
        request_id.set(delivery.received.request_id)  # the task's own context
        await self._handle_one(delivery)
        if self._latest.get(delivery.aggregate) is asyncio.current_task():
            del self._latest[delivery.aggregate]


class BatchFlow(Flow):
    """One batch at a time; a batch that fails is taken apart."""

    def __init__(self, bus: Bus, consumer: BatchConsumer, dispatcher: Dispatcher) -> None:
        super().__init__(bus, consumer, dispatcher)
        self._batches = consumer
        self._waiting: list[Delivery] = []
        self._is_full = asyncio.Event()
        self._worker: asyncio.Task[None] | None = None

    def _accept(self, delivery: Delivery) -> None:
        self._waiting.append(delivery)
        if len(self._waiting) >= self._batches.size:
            self._is_full.set()
        if self._worker is None or self._worker.done():
            self._worker = self._begin(self._work())

    async def _work(self) -> None:
        while self._waiting:
            with suppress(TimeoutError):
                async with asyncio.timeout(LINGER_SECONDS):
                    await self._is_full.wait()
            batch = self._waiting[: self._batches.size]
            del self._waiting[: len(batch)]
            if len(self._waiting) < self._batches.size:
                self._is_full.clear()
            await self._handle(batch)

    async def _handle(self, batch: list[Delivery]) -> None:
        error = await self._guarded(self._call, batch)
        if error is None:
            self._conclude(batch)
        elif is_infrastructure(error):
            for delivery in batch:
                await self._settle(delivery.message, error)
        else:
            for delivery in batch:
                await self._handle_one(delivery)

    async def _call(self, batch: list[Delivery]) -> None:
        # A fact may stand in the stream twice; a handler asks the inbox about both at once.
        once = {delivery.received.fact_id: delivery for delivery in batch}.values()
        facts = [(delivery.fact, delivery.received) for delivery in once]
        with _tracer.start_as_current_span(
            f"{self._consumer.name} process",
            kind=trace.SpanKind.CONSUMER,
            links=[link for delivery in batch if (link := delivery.link())],
        ):
            await self._batches.handle_batch(facts)
