"""A connection on which nothing may take for ever: one timer, which requests never touch."""

import asyncio
from abc import abstractmethod
from collections.abc import Callable
from enum import Enum
from functools import partial
from typing import cast

from uvicorn import Config
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.flow_control import FlowControl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from stitch_common.http import strict_head as head
from stitch_common.http.cycle import Cycle
from stitch_common.http.strict_head import Refusal
from stitch_common.http.strict_limits import Limits

LINGER = 2.0
"""Seconds for a client to take the answer to what was not read to its end."""
NEVER = float("inf")


class StrictConfig(Config):
    """uvicorn's, with our limits."""

    limits = Limits()


class Flow(FlowControl):
    """Remembers since when a client is read from: before that, nothing of it can be late."""

    resumed_at = 0.0

    def resume_reading(self) -> None:
        if self.read_paused:
            self.resumed_at = asyncio.get_running_loop().time()
        super().resume_reading()


class Reading(Enum):
    """Where in the stream of requests a connection is."""

    BETWEEN = "between"
    HEAD = "head"
    BODY = "body"
    NOTHING = "nothing"
    """Whatever else comes is thrown away."""


BETWEEN, HEAD, BODY, NOTHING = Reading


class TimedProtocol(HttpToolsProtocol):
    """Knows what it waits for, until when, and what to do then."""

    # More attributes than 30 in its dictionary would make each access to any of them slow.
    __slots__ = (
        "_body_until",
        "_body_within",
        "_glance",
        "_gone_until",
        "_head_until",
        "_head_within",
        "_is_draining",
        "_limits",
        "_quiet_until",
        "_quiet_within",
        "_reading",
        "_running",
        "_taken_until",
        "_taken_within",
        "_untaken",
        "_watch",
    )
    flow: Flow

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self.flow = Flow(transport)
        self._reading = BETWEEN
        self._running: RequestResponseCycle | None = None
        """Whose answer is being made; `cycle` is the one that was read last."""
        self._is_draining = False
        # Times of the loop's clock.
        self._head_until = self._body_until = self._taken_until = self._gone_until = 0.0
        self._untaken = 0
        """Bytes of answers that the client had not taken when we last looked."""
        self._watch: asyncio.TimerHandle | None = None
        limits = cast(StrictConfig, self.config).limits
        self._limits = limits
        self._head_within = limits.head_timeout.total_seconds()
        self._body_within = limits.body_timeout.total_seconds()
        self._quiet_within = limits.keep_alive_timeout.total_seconds()
        self._taken_within = limits.answer_timeout.total_seconds()
        # Nothing becomes due sooner than this after it began, so nothing is noticed late.
        self._glance = min(
            self._head_within, self._body_within, self._quiet_within, self._taken_within
        )
        self._quiet_until = self.loop.time() + self._head_within
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        if self._watch is not None:
            self._watch.cancel()
        running = self._running
        if running is not None and not running.response_complete:
            abandon(running)  # uvicorn tells it only to the request that was read last
        super().connection_lost(exc)

    def shutdown(self) -> None:
        """Answer what has been asked, tell who asks again to go, and leave when it is quiet."""
        self._is_draining = True
        if not self._is_answering():
            self._say_farewell()
        elif not self.cycle.response_started:
            self.cycle.keep_alive = False

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._running = cycle
        task = self.loop.create_task(cycle.run_asgi(app))
        if isinstance(cycle, Cycle):
            cycle.task = task
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)

    def _is_answering(self) -> bool:
        running = self._running
        return running is not None and not running.response_complete

    def _is_quiet(self) -> None:
        """An answer has ended: from now on, what comes next is waited for."""
        now = self.loop.time()
        self._quiet_until = now + self._quiet_within
        if self._reading is not BETWEEN:
            self._head_until, self._body_until = now + self._head_within, now + self._body_within
        if self._is_draining:
            self._say_farewell()

    def _say_farewell(self) -> None:
        farewell = self.loop.time() + self._limits.farewell.total_seconds()
        self._quiet_until = min(self._quiet_until, farewell)
        self._head_until = min(self._head_until, farewell)
        self._look_now()

    @abstractmethod
    def _refuse(self, refusal: Refusal) -> None:
        """Say why nothing more is read, and close."""

    def _look_now(self) -> None:
        if self._watch is not None:
            self._watch.cancel()
        self._look()

    def _look(self) -> None:
        now = self.loop.time()
        due, give_up = self._due(now)
        if due <= now:
            give_up()
            due = NEVER
        self._watch = self.loop.call_at(min(due, now + self._glance), self._look)

    def _due(self, now: float) -> tuple[float, Callable[[], None]]:
        """When what we wait for is late, and what is done about it."""
        taken = self._due_to_be_taken(now)
        if self.transport.is_closing():
            return taken, self.transport.abort
        if self._reading is NOTHING and not self._is_answering():
            return self._gone_until, self.transport.abort
        sent, give_up = self._due_to_be_sent(now)
        return (sent, give_up) if sent < taken else (taken, self.transport.abort)

    def _due_to_be_taken(self, now: float) -> float:
        untaken = self.transport.get_write_buffer_size()
        if untaken != self._untaken:
            self._untaken, self._taken_until = untaken, now + self._taken_within
        return self._taken_until if untaken else NEVER

    def _due_to_be_sent(self, now: float) -> tuple[float, Callable[[], None]]:
        if self._reading is BODY:
            until = max(self._body_until, self.flow.resumed_at + self._body_within)
            is_late = partial(self._refuse, head.SLOW_BODY)
            return NEVER if self.flow.read_paused else until, is_late
        if self._is_answering():
            self._head_until = now + self._head_within
            return NEVER, self.transport.close
        if self._reading is HEAD:
            return self._head_until, partial(self._refuse, head.SLOW_HEAD)
        return self._quiet_until, self.transport.close


def abandon(cycle: RequestResponseCycle, refusal: Refusal | None = None) -> None:
    """Tell an application that nobody waits for its answer, and what the client is told instead."""
    if isinstance(cycle, Cycle):
        cycle.refusal = refusal
    cycle.disconnected = True
    cycle.message_event.set()
