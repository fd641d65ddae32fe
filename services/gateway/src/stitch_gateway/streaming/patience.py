"""One request under watch: what is short costs a timer, what lasts is watched.

A client that takes nothing of its answer is the connection's to disconnect (`answer_timeout`).
"""

import asyncio
from functools import partial
from types import TracebackType
from typing import Self

from stitch_gateway.authentication.service import Admission
from stitch_gateway.routing.models import Access
from stitch_gateway.streaming.errors import AdmissionEndedError, AdmissionTookTooLongError
from stitch_gateway.streaming.service import Stream, Streams

LASTS_AFTER = 0.05
"""Seconds."""
ADMITTED_WITHIN = 8.0
"""Seconds; keys are fetched within 5."""


class Patience:
    """Ends the work inside when it can't be admitted, or is no longer."""

    def __init__(self, streams: Streams, task: "asyncio.Task[None]") -> None:
        self._streams = streams
        self._task = task
        self._loop = task.get_loop()
        self._admitted: tuple[Access, Admission] | None = None
        self._reason: Exception | None = None
        self._stream: Stream | None = None
        self._lasts = self._has_begun = self._is_over = False

    def __enter__(self) -> Self:
        self._cancelled_before = self._task.cancelling()
        self._timer = self._loop.call_later(LASTS_AFTER, self._last)
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

    def admitted(self, access: Access, admission: Admission) -> None:
        """From now on it may take as long as its route allows."""
        self._admitted = access, admission
        if self._lasts:
            self._timer.cancel()

    async def begin(self) -> None:
        """Before the head of the answer goes out: the last time that it can be a 401 instead."""
        if self._lasts and self._admitted is not None:
            await self._streams.require_admitted(*self._admitted)
            self._open_stream()
        self._has_begun = True

    def over(self) -> None:
        """The answer is complete."""
        self._is_over = True
        self._timer.cancel()
        if self._stream is not None:
            self._streams.close(self._stream)

    def _last(self) -> None:
        self._lasts = True
        if self._admitted is None:
            reason = AdmissionTookTooLongError()
            self._timer = self._loop.call_later(ADMITTED_WITHIN, self._end, reason)
        elif self._has_begun:
            self._open_stream()

    def _open_stream(self) -> None:
        if self._admitted is not None and self._admitted[1].principal is not None:
            end = partial(self._end, AdmissionEndedError())
            self._stream = self._streams.open(*self._admitted, end)

    def _end(self, reason: Exception) -> None:
        if not self._is_over and self._reason is None:
            self._reason = reason
            self._task.cancel()
