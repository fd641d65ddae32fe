"""A pull subscription that never holds more facts than there are free workers for them."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from contextlib import suppress

import structlog
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription
from nats.errors import Error as NatsError

from stitch_common.bus.connection import Bus, BusClosedError
from stitch_common.bus.consumer import Consumer
from stitch_common.bus.topology import STREAM, apply_consumer

log = structlog.get_logger(__name__)

REQUEST_SECONDS = 30.0
HEARTBEAT_SECONDS = 5.0
SILENCE_SECONDS = 2 * HEARTBEAT_SECONDS + 1
SHORTEST_BACKOFF, LONGEST_BACKOFF = 0.1, 15.0
LEAVE_SECONDS = 0.05
SOON_SECONDS = 0.001
"""How long a few free workers, and what they have done, wait for others: one write tells of all."""

_HEARTBEAT, _EXPIRED, _CONFLICT = "100", "408", "409"


class Puller:
    """Asks for one consumer's facts; makes the consumer again when it is gone."""

    def __init__(self, bus: Bus, consumer: Consumer, accept: Callable[[Msg], None]) -> None:
        self._bus = bus
        self._consumer = consumer
        self._accept = accept
        self._free = consumer.window
        self._asked = 0
        self._done: list[Msg] = []
        self._soon: asyncio.TimerHandle | None = None
        self._heard_at = self._not_before = 0.0
        self._fault: str | None = None
        self._backoff = SHORTEST_BACKOFF
        self._stopping = asyncio.Event()
        self._changed = asyncio.Event()
        bus.on_change(self._changed.set)
        self.why_not: str | None = "not started"

    @property
    def free(self) -> int:
        return self._free

    def done(self, messages: Sequence[Msg]) -> None:
        """Let the broker forget these facts, before it is asked for others."""
        self._done += messages
        self.release(len(messages))

    def release(self, workers: int = 1) -> None:
        """So many facts are settled; their workers are free again."""
        self._free += workers
        if self._free - self._asked >= self._consumer.window // 2:
            self._changed.set()
        elif self._soon is None:
            self._soon = asyncio.get_running_loop().call_later(SOON_SECONDS, self._changed.set)

    async def acknowledge(self) -> None:
        """Say what is done; if the broker can't hear it, it delivers again, to the inbox."""
        done, self._done = self._done, []
        try:
            for message in done:
                await message.ack()
        except NatsError as error:
            log.warning("settlement_lost", consumer=self._consumer.name, error=repr(error))

    def rest(self, seconds: float) -> None:
        """Ask for nothing for a while: nothing could be handled now."""
        self._not_before = time.monotonic() + seconds

    def stop(self) -> None:
        self._stopping.set()
        self._changed.set()

    async def run(self) -> None:
        """Pull until told to stop; raise BusClosedError when the connection is gone for good."""
        while not self._stopping.is_set():
            try:
                await self._pull()
            except (NatsError, OSError) as error:
                self.why_not = f"{self._consumer.name} can't be read: {error!r}"
                log.warning("pull_interrupted", consumer=self._consumer.name, error=repr(error))
                await self._wait(self._backoff)
                self._backoff = min(self._backoff * 2, LONGEST_BACKOFF)

    async def _pull(self) -> None:
        """Pull over one connection, for as long as the consumer answers."""
        await self._wait_for_connection()
        if self._stopping.is_set():
            return
        await apply_consumer(self._bus, self._consumer)
        epoch, self._asked, self._fault = self._bus.epoch, 0, None
        self._heard_at = time.monotonic()
        inbox = self._bus.client.new_inbox()
        subscription = await self._bus.client.subscribe(inbox, cb=self._on_message)
        self.why_not = None
        try:
            while not self._stopping.is_set() and epoch == self._bus.epoch:
                self._check()
                await self._ask(inbox)
                await self._wait(self._resting() or SILENCE_SECONDS)
        finally:
            await self._leave(subscription)

    def _check(self) -> None:
        if self._bus.lost.is_set():
            raise BusClosedError
        if self._fault or self._is_silent():
            raise ConsumerGoneError(self._fault or "no heartbeat")

    async def _ask(self, inbox: str) -> None:
        wanted = self._free - self._asked
        if wanted < 1 or self._resting() or not self._bus.connected.is_set():
            return
        request = {
            "batch": wanted,
            "expires": int(REQUEST_SECONDS * 1e9),
            "idle_heartbeat": int(HEARTBEAT_SECONDS * 1e9),
        }
        if self._asked == 0:
            self._heard_at = time.monotonic()
        self._asked += wanted
        await self._bus.client.publish(
            f"$JS.API.CONSUMER.MSG.NEXT.{STREAM}.{self._consumer.name}",
            json.dumps(request).encode(),
            reply=inbox,
        )

    async def _on_message(self, message: Msg) -> None:
        self._heard_at = time.monotonic()
        if (status := (message.headers or {}).get("Status")) and not message.data:
            self._note(status, message.headers or {})
            return
        self._asked = max(0, self._asked - 1)
        if self._stopping.is_set() or self._free < 1:
            await message.nak()  # another process may start it now
        else:
            self._free -= 1
            self._backoff = SHORTEST_BACKOFF
            self._accept(message)

    def _note(self, status: str, headers: dict[str, str]) -> None:
        description = headers.get("Description", "")
        if status == _HEARTBEAT:
            return
        if status == _EXPIRED or (status == _CONFLICT and "Nats-Pending-Messages" in headers):
            undelivered = int(headers.get("Nats-Pending-Messages", self._asked))
            self._asked = max(0, self._asked - undelivered)
        else:
            self._fault = f"{status} {description}"
        self._changed.set()

    async def _leave(self, subscription: Subscription) -> None:
        """Give back what is on its way to us; it would be lost until `ack_wait` is over."""
        with suppress(NatsError):
            if self._bus.connected.is_set():
                await self._use_up_requests()
                await subscription.drain()  # type: ignore[no-untyped-call]
            else:
                await subscription.unsubscribe()

    async def _use_up_requests(self) -> None:
        """Let open requests be answered as long as answers come: leaving meanwhile loses them."""
        before = 0
        while self._asked and self._asked != before:
            before = self._asked
            await asyncio.sleep(LEAVE_SECONDS)

    async def _wait_for_connection(self) -> None:
        while not (self._bus.connected.is_set() or self._stopping.is_set()):
            self.why_not = "NATS is away"
            await self._wait(1.0)
            self._check()

    async def _wait(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()
        if self._soon is not None:
            self._soon.cancel()
            self._soon = None
        await self.acknowledge()

    def _is_silent(self) -> bool:
        is_long_ago = time.monotonic() - self._heard_at > SILENCE_SECONDS
        return self._asked > 0 and is_long_ago and self._bus.connected.is_set()

    def _resting(self) -> float:
        return max(0.0, self._not_before - time.monotonic())


class ConsumerGoneError(NatsError):
    """The broker no longer answers for this consumer."""
