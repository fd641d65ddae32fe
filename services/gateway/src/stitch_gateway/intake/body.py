"""A request's body as it comes: counted and never kept; how slow it may be is the protocol's."""

from collections.abc import AsyncGenerator

from starlette.types import Receive

from stitch_gateway.intake.errors import BodyTooLargeError
from stitch_gateway.intake.head import Head

KIB = 1024


class ClientLeftError(Exception):
    """The client has closed its connection; nobody waits for an answer any more."""


class Body:
    """Reads what the client sends, once."""

    def __init__(self, head: Head, receive: Receive, *, limit: int) -> None:
        self.is_there = head.has_body
        self.length = head.content_length
        self._receive = receive
        self._limit = limit
        if self.length is not None and self.length > limit:
            raise self._too_large()

    async def chunks(self) -> AsyncGenerator[bytes]:
        """The parts in order; raises as soon as there are too many, or the client has left."""
        received, more = 0, True
        while more:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise ClientLeftError
            part, more = message.get("body", b""), message.get("more_body", False)
            received += len(part)
            if received > self._limit:
                raise self._too_large()
            if part:
                yield part

    def _too_large(self) -> BodyTooLargeError:
        return BodyTooLargeError(f"The body is larger than {self._limit // KIB} KiB.")
