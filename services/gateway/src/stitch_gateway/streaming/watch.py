"""One exchange under watch: what is short costs a timer, what lasts is watched."""

import asyncio
from types import TracebackType
from typing import Self

from stitch_gateway.authentication.service import Admission
from stitch_gateway.intake.body import Body, ClientLeftError
from stitch_gateway.routing.models import Access
from stitch_gateway.streaming.errors import AdmissionEndedError, ClientStoodStillError
from stitch_gateway.streaming.service import Stream, Streams

LASTS_AFTER = 0.05
"""Seconds; S74 wants an upstream ended within one after its client has left."""
STANDS_STILL_AFTER = 60.0
"""Seconds in which a client must take something of what waits for it."""


class Watch:
    """Ends the work inside when its client leaves or stands still, or may not have more of it."""

    def __init__(self, body: Body, streams: Streams, access: Access, admission: Admission) -> None:
        self._body = body
        self._streams = streams
        self._access = access
        self._admission = admission
        self._reason: Exception | None = None
        self._leaving: asyncio.Task[None] | None = None
        self._stream: Stream | None = None
        self._has_begun = self._is_over = False
        self._taken_before = -1
        self.is_sending = False
        """While the client is given a part of the answer."""
        self.taken = 0
        """Parts that it has been given."""

    def __enter__(self) -> Self:
        task = asyncio.current_task()
        if task is None:
            message = "an exchange is the work of a task"
            raise RuntimeError(message)
        self._task = task
        self._cancelled_before = task.cancelling()
        self._timer = asyncio.get_running_loop().call_later(LASTS_AFTER, self._last)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.over()
        if self._reason is not None:
            is_ours = self._task.uncancel() <= self._cancelled_before
            if is_ours and kind is asyncio.CancelledError:
                raise self._reason from error

    async def begin(self) -> None:
        """Before the head of the answer goes out: the last time that it can be a 401 instead."""
        if self._leaving is not None:
            await self._guard_answer()
        self._has_begun = True

    def over(self) -> None:
        """The answer is complete. From now on a server says "disconnected", too."""
        self._is_over = True
        self._timer.cancel()
        if self._leaving is not None:
            self._leaving.cancel()
        if self._stream is not None:
            self._streams.close(self._stream)

    def _last(self) -> None:
        self._leaving = asyncio.create_task(self._wait_for_client_to_leave())
        if self._has_begun:
            self._open_stream()
        self._timer = asyncio.get_running_loop().call_later(STANDS_STILL_AFTER, self._look)

    async def _guard_answer(self) -> None:
        if self._admission.principal is not None:
            await self._streams.require_admitted(self._access, self._admission)
            self._open_stream()

    def _open_stream(self) -> None:
        if self._admission.principal is not None:
            self._stream = self._streams.open(self._access, self._admission, self._end_admission)

    async def _wait_for_client_to_leave(self) -> None:
        await self._body.until_client_leaves()
        self._end(ClientLeftError())

    def _end_admission(self) -> None:
        self._end(AdmissionEndedError())

    def _look(self) -> None:
        if self.is_sending and self.taken == self._taken_before:
            self._end(ClientStoodStillError())
            return
        self._taken_before = self.taken
        self._timer = asyncio.get_running_loop().call_later(STANDS_STILL_AFTER, self._look)

    def _end(self, reason: Exception) -> None:
        if not self._is_over and self._reason is None:
            self._reason = reason
            self._task.cancel()
