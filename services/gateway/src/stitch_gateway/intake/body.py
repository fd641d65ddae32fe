"""A request's body as it comes: counted and hardly kept; how slow it may be is the protocol's."""

from collections.abc import AsyncGenerator

from starlette.types import Receive

from stitch_gateway.intake.errors import BodyTooLargeError
from stitch_gateway.intake.head import Head

KIB = 1024
AHEAD = 64 * KIB
"""How much is waited for; no more memory than the protocol below may keep of a body, too."""


class ClientLeftError(Exception):
    """The client has closed its connection; nobody waits for an answer any more."""


class Body:
    """Reads what the client sends, once."""

    def __init__(self, head: Head, receive: Receive, *, limit: int) -> None:
        self.is_there = head.has_body
        self.length = head.content_length
        self._receive = receive
        self._limit = limit
        self._received = 0
        self._has_more = True
        self._ahead: list[bytes] = []
        if self.length is not None and self.length > limit:
            raise self._too_large()

    async def begin(self) -> None:
        """Wait for all of it, or for so much that it is no trickle; raises as `chunks` does.

        Whoever sends slowly holds no connection to a service meanwhile, and others find one.
        """
        while self._has_more and self._received < AHEAD:
            self._ahead.append(await self._next())

    async def chunks(self) -> AsyncGenerator[bytes]:
        """The parts in order; raises as soon as there are too many, or the client has left."""
        parts, self._ahead = self._ahead, []
        for part in parts:
            if part:
                yield part
        while self._has_more:
            if part := await self._next():
                yield part

    async def _next(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientLeftError
        part: bytes = message.get("body", b"")
        self._has_more = message.get("more_body", False)
        self._received += len(part)
        if self._received > self._limit:
            raise self._too_large()
        return part

    def _too_large(self) -> BodyTooLargeError:
        return BodyTooLargeError(f"The body is larger than {self._limit // KIB} KiB.")
