"""A request's body as it comes: counted, timed, and never kept."""

import asyncio
from collections.abc import AsyncGenerator
from datetime import timedelta

from starlette.types import Receive

from stitch_gateway.intake.errors import BodyTooLargeError, SlowBodyError
from stitch_gateway.intake.head import Head

KIB = 1024


class ClientLeftError(Exception):
    """The client has closed its connection; nobody waits for an answer any more."""


class Body:
    """Reads what the client sends, once."""

    def __init__(self, head: Head, receive: Receive, *, limit: int, idle: timedelta) -> None:
        self.is_there = head.has_body
        self.length = head.content_length
        self._receive = receive
        self._limit = limit
        self._idle = idle.total_seconds()
        self._ended = asyncio.Event()
        if self.length is not None and self.length > limit:
            raise self._too_large()

    async def chunks(self) -> AsyncGenerator[bytes]:
        """The parts in order; raises as soon as there are too many or they come too slowly."""
        received, more = 0, True
        while more:
            part, more = await self._part()
            received += len(part)
            if received > self._limit:
                raise self._too_large()
            if part:
                yield part
        self._ended.set()

    async def until_client_leaves(self) -> None:
        """Return when the client has closed its connection after its request was complete."""
        if self.is_there:
            await self._ended.wait()
        while (await self._receive())["type"] != "http.disconnect":
            continue

    async def _part(self) -> tuple[bytes, bool]:
        try:
            async with asyncio.timeout(self._idle):
                message = await self._receive()
        except TimeoutError as error:
            raise SlowBodyError(headers={"connection": "close"}) from error
        if message["type"] == "http.disconnect":
            raise ClientLeftError
        return message.get("body", b""), message.get("more_body", False)

    def _too_large(self) -> BodyTooLargeError:
        return BodyTooLargeError(f"The body is larger than {self._limit // KIB} KiB.")
