"""Facts for one process alone: from a time on, in order, never acknowledged, read again at will."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import timedelta

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import AckPolicy, ConsumerConfig, ConsumerInfo, DeliverPolicy

from stitch_common.bus.connection import Bus, BusClosedError, happens
from stitch_common.bus.topology import STREAM
from stitch_common.clock import Clock
from stitch_common.contracts import Fact

log = structlog.get_logger(__name__)

HEARTBEAT_SECONDS = 0.5
SILENCE_SECONDS = 3 * HEARTBEAT_SECONDS
"""Then everything is read again: also after that, what is revoked is in force within 2 s."""

INACTIVE_SECONDS = 30.0
"""After so long the broker forgets the consumer of a process that died."""

SHORTEST_BACKOFF, LONGEST_BACKOFF = 0.1, 2.0


class InterruptedReadingError(NatsError):
    """A fact is missing, or the broker has fallen silent: read again from the start."""


class Reading:
    """Gives every fact since `back` ago to `take`, and each new one as it comes.

    After every interruption it begins again at `back` ago, so `take` sees facts repeatedly. What
    was read once stays in force while NATS is away, so only the first reading counts as ready.
    """

    def __init__(
        self,
        bus: Bus,
        name: str,
        facts: Sequence[type[Fact]],
        take: Callable[[Fact], None],
        *,
        back: timedelta,
        clock: Clock,
    ) -> None:
        self.name = name
        self._bus = bus
        self._facts = {fact.subject: fact for fact in facts}
        self._take = take
        self._back = back
        self._clock = clock
        self._changed = asyncio.Event()
        self._is_loaded = False
        self._seen = self._awaited = 0
        self._heard_at = 0.0
        self._fault: str | None = None
        bus.on_change(self._changed.set)

    async def ready(self) -> str | None:
        return None if self._is_loaded else f"{self.name} are not loaded yet"

    async def run(self, stop: asyncio.Event) -> None:
        """Read until told to stop; BusClosedError when the connection is gone for good."""
        stopping = asyncio.create_task(self._wake_on(stop))
        backoff = SHORTEST_BACKOFF
        try:
            while not stop.is_set():
                try:
                    await self._read(stop)
                    backoff = SHORTEST_BACKOFF
                except (NatsError, OSError) as error:
                    log.warning("reading_interrupted", reading=self.name, error=repr(error))
                    await self._wait(backoff)
                    backoff = min(2 * backoff, LONGEST_BACKOFF)
        finally:
            stopping.cancel()

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._changed.set()

    async def _read(self, stop: asyncio.Event) -> None:
        """Read over one connection, for as long as nothing is missing."""
        await self._bus.until_connected(stop)
        if stop.is_set():
            return
        epoch, self._seen, self._fault = self._bus.epoch, 0, None
        self._awaited = 2**63  # until the broker has said how many there are
        self._heard_at = time.monotonic()
        inbox = self._bus.client.new_inbox()
        subscription = await self._bus.client.subscribe(inbox, cb=self._on_message)
        try:
            found = await self._bus.js.add_consumer(STREAM, self._config(inbox))
            self._expect(found)
            while not stop.is_set() and epoch == self._bus.epoch and self._check():
                await self._wait(HEARTBEAT_SECONDS)
            await self._leave(found)
        finally:
            with suppress(NatsError):
                await subscription.unsubscribe()

    def _config(self, inbox: str) -> ConsumerConfig:
        return ConsumerConfig(
            description=f"{self.name} of one process",
            deliver_subject=inbox,
            deliver_policy=DeliverPolicy.BY_START_TIME,
            opt_start_time=self._clock() - self._back,
            filter_subjects=sorted(self._facts),
            ack_policy=AckPolicy.NONE,
            max_deliver=1,
            flow_control=True,
            idle_heartbeat=HEARTBEAT_SECONDS,
            inactive_threshold=INACTIVE_SECONDS,
            mem_storage=True,
            num_replicas=1,
        )

    def _expect(self, found: ConsumerInfo) -> None:
        # Some may have been delivered before the broker answered.
        sent = found.delivered.consumer_seq if found.delivered else 0
        self._awaited = sent + (found.num_pending or 0)
        self._note_progress()

    def _check(self) -> bool:
        """Whether the broker is there and can be believed; else begin again, or end."""
        if self._bus.lost.is_set():
            raise BusClosedError
        if not self._bus.connected.is_set():
            return False
        if self._fault or time.monotonic() - self._heard_at > SILENCE_SECONDS:
            raise InterruptedReadingError(self._fault or "no heartbeat")
        return True

    async def _on_message(self, message: Msg) -> None:
        self._heard_at = time.monotonic()
        headers = message.headers or {}
        if not message.data and "Status" in headers:
            await self._answer(message, headers)
            return
        sequence = message.metadata.sequence.consumer
        if sequence != self._seen + 1:
            self._give_up(f"fact {self._seen + 1} is missing")
            return
        self._seen = sequence
        self._hand_over(message)
        self._note_progress()

    async def _answer(self, message: Msg, headers: dict[str, str]) -> None:
        """Flow control wants an answer; a heartbeat tells how many facts there should be."""
        if flow := message.reply or headers.get("Nats-Consumer-Stalled"):
            await self._bus.client.publish(flow)
        if int(headers.get("Nats-Last-Consumer", 0)) > self._seen:
            self._give_up("the last fact is missing")

    def _hand_over(self, message: Msg) -> None:
        try:
            fact = self._facts[message.subject].model_validate_json(message.data)
        except ValueError:
            log.exception("malformed_fact", subject=message.subject)
        else:
            self._take(fact)

    def _give_up(self, fault: str) -> None:
        self._fault = fault
        self._changed.set()

    def _note_progress(self) -> None:
        if not self._is_loaded and self._seen >= self._awaited:
            self._is_loaded = True
            log.info("reading_loaded", reading=self.name, facts=self._seen)

    async def _leave(self, found: ConsumerInfo) -> None:
        with suppress(NatsError):  # else the broker forgets it by itself
            if self._bus.connected.is_set():
                await self._bus.js.delete_consumer(STREAM, found.name)

    async def _wait(self, seconds: float) -> None:
        await happens(self._changed, within=seconds)
        self._changed.clear()
