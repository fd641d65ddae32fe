"""Open answers and the credentials that they were given for."""

import asyncio
from collections.abc import Callable, Coroutine
from time import monotonic
from typing import Any

import structlog
from prometheus_client import Gauge

from stitch_common.clock import Clock
from stitch_common.security.revocations import Revocations
from stitch_gateway.authentication.service import Admission, Guard
from stitch_gateway.routing.models import Access

SEVERAL_FACTS = 0.05
"""Seconds in which facts that come together are awaited, to look at all streams once."""
LONGEST_PAUSE, REST_PER_WORK = 1.0, 9
"""However many streams and facts there are: a tenth of the time is spent on looking at them, and
none stays open for two seconds."""
AFTER_EXPIRY = 1.0
"""Seconds between looks, while the leeway for clocks lasts."""
JUDGED_WITHIN = 5.0
AT_A_TIME = 100
"""Streams that are looked at before anybody else has a turn."""

OPEN = Gauge("stitch_gateway_open_streams", "Answers that last, by somebody who was admitted")

log = structlog.get_logger(__name__)


class Stream:
    """One open answer; some hundred bytes, because there may be thousands."""

    __slots__ = ("access", "admission", "end", "timer")

    def __init__(self, access: Access, admission: Admission, end: Callable[[], None]) -> None:
        self.access = access
        self.admission = admission
        self.end = end
        self.timer: asyncio.TimerHandle | None = None


class Streams:
    """Ends each open answer as soon as its credential would be refused (S40)."""

    def __init__(self, guard: Guard, revocations: Revocations, clock: Clock) -> None:
        self._guard = guard
        self._clock = clock
        self._open: set[Stream] = set()
        self._working: set[asyncio.Task[None]] = set()
        self._has_news = self._is_sweeping = False
        self._pause = SEVERAL_FACTS
        revocations.on_change(self._hear)

    def __len__(self) -> int:
        return len(self._open)

    def open(self, access: Access, admission: Admission, end: Callable[[], None]) -> Stream:
        """Watch from now on, and see at once whether anything was revoked before."""
        stream = Stream(access, admission, end)
        self._open.add(stream)
        OPEN.set(len(self._open))
        self._look_at_expiry(stream)
        self._start(self._judge(stream))
        return stream

    def close(self, stream: Stream) -> None:
        self._open.discard(stream)
        OPEN.set(len(self._open))
        if stream.timer is not None:
            stream.timer.cancel()

    async def require_admitted(self, access: Access, admission: Admission) -> None:
        """The error with which somebody is refused who comes with this credential now."""
        async with asyncio.timeout(JUDGED_WITHIN):
            await self._guard.admit(access, admission.authorization)

    def _hear(self) -> None:
        self._has_news = True
        if self._open and not self._is_sweeping:
            self._is_sweeping = True
            self._start(self._sweep())

    async def _sweep(self) -> None:
        try:
            while self._has_news:
                await asyncio.sleep(self._pause)
                self._has_news = False
                began = monotonic()
                await self._judge_all()
                took = REST_PER_WORK * (monotonic() - began)
                self._pause = min(max(SEVERAL_FACTS, took), LONGEST_PAUSE)
        finally:
            self._is_sweeping = False

    async def _judge_all(self) -> None:
        for number, stream in enumerate(tuple(self._open), 1):
            await self._judge(stream)
            if number % AT_A_TIME == 0:
                await asyncio.sleep(0)

    async def _judge(self, stream: Stream) -> None:
        if stream not in self._open:
            return
        try:
            await self.require_admitted(stream.access, stream.admission)
        except Exception as error:  # noqa: BLE001 - a fault keeps no stream open
            log.info("stream_ended", error=type(error).__name__)
            self.close(stream)
            stream.end()

    def _look_at_expiry(self, stream: Stream) -> None:
        principal = stream.admission.principal
        if principal is None or stream not in self._open:
            return
        left = (principal.expires_at - self._clock()).total_seconds()
        if left <= 0:
            self._start(self._judge(stream))
        loop = asyncio.get_running_loop()
        delay = left if left > 0 else AFTER_EXPIRY
        stream.timer = loop.call_later(delay, self._look_at_expiry, stream)

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
