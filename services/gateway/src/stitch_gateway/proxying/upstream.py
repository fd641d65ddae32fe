"""The interface to a service; one contract suite runs against every implementation."""

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from stitch_gateway.intake.head import Fields


@dataclass(slots=True)
class UpstreamRequest:
    """What a service is asked. Host and framing are the implementation's own."""

    method: str
    target: bytes
    """Path and query as they go into the request line."""
    fields: Fields
    patience: float
    """Seconds until the answer begins, and between its parts."""
    body: AsyncIterator[bytes] | None = None
    length: int | None = None
    """Of the body; None if only its end will tell."""
    avoid: object | None = None
    """The address that has just failed, on a second try."""


class UpstreamAnswer(Protocol):
    """An answer whose head has arrived."""

    @property
    def status(self) -> int: ...

    @property
    def fields(self) -> Fields:
        """Names in lower case, framing included."""

    def whole(self) -> bytes | None:
        """The body, if all of it is here before anybody has asked for it."""

    def chunks(self) -> AsyncIterator[bytes]:
        """The body as it arrives, without its framing; raises if it breaks off."""


class Upstream(Protocol):
    """Sends each request exactly once; whether to try again is not its decision."""

    def exchange(self, request: UpstreamRequest) -> AbstractAsyncContextManager[UpstreamAnswer]:
        """Enter when the answer begins; leaving early abandons the rest of it.

        UpstreamUnreachableError and ConnectTimeoutError: nothing was sent. Any other
        UpstreamError: the service may have acted. What the body raises comes through unchanged.
        """

    async def close(self) -> None: ...
