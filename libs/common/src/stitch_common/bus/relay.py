"""The relay: takes facts from one schema's outbox to the stream, in the order of their commits."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

import asyncpg
import structlog
from nats.errors import Error as NatsError
from opentelemetry.instrumentation.utils import suppress_instrumentation

from stitch_common.bus import metrics
from stitch_common.bus.connection import Bus, BusClosedError
from stitch_common.bus.healing import heal, holds, resume
from stitch_common.bus.publishing import FEW, OWN_HEADERS, publish
from stitch_common.bus.repository import Cursor, OutboxRows, Row, Waiting

log = structlog.get_logger(__name__)

POLL_SECONDS = 1.0
"""The safety net for wakes that got lost, and the patience of a relay that stands by."""

LULL_SECONDS, UNSTORED_SECONDS = 0.05, 1.0
"""After few facts the cursor is stored in the next lull, or at last after so long."""

STORED_EVERY = 0.1
"""Seconds, while there are many: facts that a relay repeats are left out by the broker."""

LINGER_SECONDS = 0.5
"""Then the next relay takes what is held back."""

SAMPLE_SECONDS = 5.0
MAINTAIN_SECONDS = 3600.0

_PASSING = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a query that meets the end of its connection
    NatsError,
)


class Relay:
    """One of these is active a schema; the others stand by to take over."""

    name = "relay"

    def __init__(self, bus: Bus, database_url: str, schema: str) -> None:
        self._bus = bus
        self._url = database_url
        self._schema = schema
        self._why_not: str | None = "the relay has not reached its database"

    async def ready(self) -> str | None:
        """Ask only for the database; the outbox bridges the time without a broker."""
        return self._why_not

    async def run(self, stop: asyncio.Event) -> None:
        """Publish until told to stop, and then what is already committed."""
        waking = asyncio.create_task(self._wake_on(stop))
        try:
            with suppress_instrumentation():  # polls are no spans
                await self._try_to_work(stop)
                while not stop.is_set():
                    await self._try_to_work(stop)
        finally:
            waking.cancel()

    async def _wake_on(self, stop: asyncio.Event) -> None:
        await stop.wait()
        self._bus.woken.set()

    async def _try_to_work(self, stop: asyncio.Event) -> None:
        try:
            async with OutboxRows.open(self._url, self._schema) as outbox:
                self._why_not = None
                while not await outbox.try_to_lead():
                    if await _happens(stop, within=POLL_SECONDS):
                        return
                await _ActiveRelay(self._bus, outbox, self._schema).work(stop)
        except _PASSING as error:
            log.warning("relay_interrupted", schema=self._schema, error=repr(error))
            if isinstance(error, OSError | asyncpg.PostgresError):
                self._why_not = f"the relay lost its database: {type(error).__name__}"
            await _happens(stop, within=POLL_SECONDS)
        finally:
            metrics.forget_outbox(self._schema)


class _ActiveRelay:
    """What the one active relay of a schema knows while its connection lasts."""

    def __init__(self, bus: Bus, outbox: OutboxRows, schema: str) -> None:
        self._bus = bus
        self._outbox = outbox
        self._schema = schema
        self._cursor = Cursor()
        self._epoch = 0
        self._stored = Cursor()
        self._ahead: Waiting | None = None
        self._pauses = _pauses()
        self._ends_at: float | None = None
        self._stored_at = self._sample_due = self._maintenance_due = 0.0

    async def work(self, stop: asyncio.Event) -> None:
        self._cursor = self._stored = await resume(self._outbox, self._schema)
        while True:
            _honour_cancellation()
            is_last_time = stop.is_set()
            waiting = await self._publish() if self._bus.connected.is_set() else Waiting()
            await self._do_chores()
            if waiting.is_full:
                continue
            if is_last_time and not (waiting.are_held_back and self._lingers()):
                await self._store()
                return
            await self._rest(waiting)

    def _lingers(self) -> bool:
        """Whether facts behind somebody's open transaction are still waited for at the end."""
        if self._ends_at is None:
            self._ends_at = time.monotonic() + LINGER_SECONDS
        return time.monotonic() < self._ends_at

    async def _publish(self) -> Waiting:
        if self._epoch != self._bus.epoch:
            epoch = self._bus.epoch
            await self._bus.listen_for_wakes()
            await self._store()
            self._cursor = self._stored = await heal(self._bus, self._outbox, self._schema)
            self._epoch, self._ahead = epoch, None
        waiting = self._ahead or await self._outbox.waiting(self._cursor)
        self._ahead = None
        if waiting.rows:
            await self._publish_rows(waiting)
        return waiting

    async def _publish_rows(self, waiting: Waiting) -> None:
        envelopes = [row.envelope for row in waiting.rows if self._fits(row)]
        end = waiting.rows[-1]
        if not envelopes:
            self._cursor = replace(self._cursor, txid=end.txid, id=end.id)
            return
        with metrics.PUBLISH_SECONDS.labels(self._schema).time():
            async with self._looking_ahead(waiting):
                last = await publish(self._bus, envelopes)
        metrics.BATCH_SIZE.labels(self._schema).observe(len(envelopes))
        self._cursor = Cursor(end.txid, end.id, last, envelopes[-1].fact_id)
        if len(waiting.rows) >= FEW and self._was_stored_before(STORED_EVERY):
            await self._store()

    def _fits(self, row: Row) -> bool:
        """Whether the broker takes a fact of this size; if not, it must not hold back all others.

        It stays in the outbox. Asked all the same, the broker would hang up.
        """
        if row.size + OWN_HEADERS <= self._bus.client.max_payload:
            return True
        log.error("fact_too_large", fact_id=str(row.envelope.fact_id), bytes=row.size)
        metrics.TOO_LARGE.labels(self._schema).inc()
        return False

    @asynccontextmanager
    async def _looking_ahead(self, waiting: Waiting) -> AsyncGenerator[None]:
        """Read the next rows behind a full batch while the broker writes this one."""
        if not waiting.is_full:
            yield
            return
        end = waiting.rows[-1]
        reading = asyncio.create_task(self._outbox.waiting(Cursor(end.txid, end.id)))
        try:
            yield
            self._ahead = await reading
        finally:
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    async def _store(self) -> None:
        """Let another relay know how far this one is; if that is lost, facts are repeated.

        Not unless the stream still holds what was stored last: it may have begun anew without
        telling, and sequences do not tell either once other services have filled it.
        """
        if self._stored == self._cursor or not self._bus.connected.is_set():
            return
        if await self._is_stream_the_same():
            await self._outbox.move(self._cursor)
            self._stored = self._cursor
            self._stored_at = time.monotonic()

    def _was_stored_before(self, seconds: float) -> bool:
        """Whether it is at least so long ago."""
        return time.monotonic() - self._stored_at >= seconds

    async def _is_stream_the_same(self) -> bool:
        """If it is not, heal it before going on."""
        if await holds(self._bus, self._stored):
            return True
        self._epoch = 0
        return False

    async def _rest(self, waiting: Waiting) -> None:
        """Wait for a wake; for facts behind an open transaction, only moments."""
        if self._stored != self._cursor and (await self._is_lull(waiting)):
            await self._store()
        seconds = next(self._pauses) if waiting.are_held_back else POLL_SECONDS
        if await _happens(self._bus.woken, within=seconds) or not waiting.are_held_back:
            self._pauses = _pauses()
        self._bus.woken.clear()
        if self._bus.lost.is_set():
            raise BusClosedError

    async def _is_lull(self, waiting: Waiting) -> bool:
        if self._was_stored_before(UNSTORED_SECONDS):
            return True
        return not waiting.are_held_back and not await _happens(
            self._bus.woken, within=LULL_SECONDS
        )

    async def _do_chores(self) -> None:
        now = time.monotonic()
        if now >= self._sample_due:
            self._sample_due = now + SAMPLE_SECONDS
            backlog = await self._outbox.backlog(self._cursor)
            metrics.OUTBOX_PENDING.labels(self._schema).set(backlog.facts)
            metrics.OUTBOX_OLDEST.labels(self._schema).set(backlog.oldest)
            metrics.OLDEST_TRANSACTION.labels(self._schema).set(backlog.transaction)
            if self._bus.connected.is_set():
                await self._is_stream_the_same()  # also where no fact comes that would tell
        if now >= self._maintenance_due:
            self._maintenance_due = now + MAINTAIN_SECONDS
            with suppress(asyncpg.LockNotAvailableError):  # somebody is busy: next time
                await self._outbox.maintain(self._cursor)


def _pauses() -> Iterator[float]:
    """Poll soon for what is held back, then ever more rarely: a transaction may stay open long."""
    yield from (0.002, 0.005, 0.010, 0.020)
    seconds = 0.05
    while True:
        yield min(seconds, POLL_SECONDS)
        seconds *= 2


def _honour_cancellation() -> None:
    """Python 3.11's `wait_for`, which nats-py uses, forgets a cancellation that meets a result."""
    task = asyncio.current_task()
    if task is not None and task.cancelling():
        raise asyncio.CancelledError


async def _happens(event: asyncio.Event, *, within: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await event.wait()
    return event.is_set()
