"""A running consumer: facts come from its puller, go to a handler, and are settled."""

import asyncio
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import TypeVar

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from opentelemetry import trace

from stitch_common.bus import metrics
from stitch_common.bus.connection import Bus
from stitch_common.bus.consumer import BatchConsumer, Consumer
from stitch_common.bus.delivery import Delivery, park
from stitch_common.bus.dispatch import Dispatcher
from stitch_common.bus.pull import Puller
from stitch_common.bus.settlement import (
    Done,
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
        self._puller = Puller(bus, consumer, self._receive)
        self._in_hand: dict[int, Msg] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._failures: Counter[int] = Counter()
        self._outages = 0

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
            if self._tasks:
                await asyncio.wait(self._tasks, timeout=DRAIN_SECONDS)
        finally:
            for task in (watch, *self._tasks):
                task.cancel()
            with suppress(NatsError):
                for message in self._in_hand.values():
                    await message.nak()

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
        metadata = message.metadata
        if metadata.num_delivered > 1:
            metrics.REDELIVERIES.labels(self._consumer.name).inc()
        if metadata.sequence.stream in self._in_hand:
            self._puller.release()  # the broker was impatient; settling the first settles both
            return
        self._in_hand[metadata.sequence.stream] = message
        try:
            self._accept(Delivery.read(message, self._consumer))
        except MalformedFactError as error:
            self._begin(self._settle(message, error))

    @abstractmethod
    def _accept(self, delivery: Delivery) -> None: ...

    def _begin(self, work: Awaitable[None]) -> asyncio.Task[None]:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _attempt(self, delivery: Delivery) -> Exception | None:
        """Call the handler; give what went wrong."""
        return await self._guarded(self._dispatcher.call, delivery)

    async def _guarded(self, call: Callable[[T], Awaitable[None]], work: T) -> Exception | None:
        seconds = self._consumer.patience.time_limit.total_seconds()
        try:
            with metrics.HANDLE_SECONDS.labels(self._consumer.name).time():
                async with asyncio.timeout(seconds) as limit:
                    await call(work)
        except TimeoutError as error:
            return HandlerTooSlowError() if limit.expired() else error
        except Exception as error:  # noqa: BLE001 - settlement decides about all of them
            return error
        return None

    async def _settle(self, message: Msg, error: Exception | None) -> None:
        """Do what the outcome asks for; if the broker can't hear it, it will deliver again."""
        try:
            await self._execute(message, self._decide(message, error))
        except NatsError as reason:
            log.warning("settlement_lost", consumer=self._consumer.name, error=repr(reason))
        finally:
            self._in_hand.pop(message.metadata.sequence.stream, None)
            self._puller.release()

    def _decide(self, message: Msg, error: Exception | None) -> Settlement:
        sequence = message.metadata.sequence.stream
        if error is None:
            self._outages = 0
        elif is_infrastructure(error):
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

    def _report(self, message: Msg, settlement: Settlement, error: Exception | None) -> None:
        name, outcome = self._consumer.name, type(settlement).__name__.lower()
        metrics.HANDLED.labels(name, outcome).inc()
        if error is not None:
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
            case Done():
                await message.ack()
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
        task = self._begin(self._handle(delivery, self._latest.get(aggregate)))
        self._latest[aggregate] = task
        task.add_done_callback(lambda done: self._forget(aggregate, done))

    def _forget(self, aggregate: tuple[str, ...], done: asyncio.Task[None]) -> None:
        if self._latest.get(aggregate) is done:
            del self._latest[aggregate]

    async def _handle(self, delivery: Delivery, earlier: asyncio.Task[None] | None) -> None:
        if earlier is not None:
            await asyncio.wait([earlier])
        request_id.set(delivery.received.request_id)  # the task's own context
        await self._settle(delivery.message, await self._attempt(delivery))


class BatchFlow(Flow):
    """One batch at a time; a batch that fails is taken apart."""

    def __init__(self, bus: Bus, consumer: BatchConsumer, dispatcher: Dispatcher) -> None:
        super().__init__(bus, consumer, dispatcher)
        self._batches = consumer
        self._waiting: list[Delivery] = []
        self._worker: asyncio.Task[None] | None = None

    def _accept(self, delivery: Delivery) -> None:
        self._waiting.append(delivery)
        if self._worker is None or self._worker.done():
            self._worker = self._begin(self._work())

    async def _work(self) -> None:
        while self._waiting:
            if len(self._waiting) < self._batches.size:
                await asyncio.sleep(LINGER_SECONDS)
            batch = self._waiting[: self._batches.size]
            del self._waiting[: len(batch)]
            await self._handle(batch)

    async def _handle(self, batch: list[Delivery]) -> None:
        error = await self._guarded(self._call, batch)
        if error is None or is_infrastructure(error):
            for delivery in batch:
                await self._settle(delivery.message, error)
            return
        for delivery in batch:
            await self._settle(delivery.message, await self._attempt(delivery))

    async def _call(self, batch: list[Delivery]) -> None:
        # A fact may stand in the stream twice; a handler asks the inbox about both at once.
        once = {delivery.received.fact_id: delivery for delivery in batch}.values()
        facts = [(delivery.fact(), delivery.received) for delivery in once]
        with _tracer.start_as_current_span(
            f"{self._consumer.name} process",
            kind=trace.SpanKind.CONSUMER,
            links=[link for delivery in batch if (link := delivery.link())],
        ):
            await self._batches.handle_batch(facts)
