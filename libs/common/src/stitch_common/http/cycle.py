"""A request and its answer between a connection and an application: one look, one write.

uvicorn's looks at every field of an answer's head with two expressions and writes head and body
apart; for a short answer that was two fifths of what the whole gateway does.
"""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from stitch_common.http.strict_head import Refusal

Field = tuple[bytes, bytes]

CLIENT = "stitch.client"
"""Where an application finds the `Client` of its request, among the scope's extensions."""
WITHOUT_BODY = frozenset({204, 304})


class Client(Protocol):
    """Who waits for the answer."""

    @property
    def has_left(self) -> bool:
        """Whether the connection has ended before the answer was complete."""

    @property
    def refusal(self) -> Refusal | None:
        """What it was told in the application's place, if that is how it has left."""

    @property
    def task(self) -> "asyncio.Task[None]":
        """The work on its request; asyncio takes three calls of the kernel to find it."""

    def when_it_leaves(self, act: Callable[[], object]) -> None:
        """Do this once if the connection ends before the answer is complete."""

    def answer(self, status: int, fields: Iterable[Field], body: bytes) -> bool:
        """Give it a whole answer at once; False if it must be waited for: use `send` then."""


class MalformedAnswerError(Exception):
    """An application's answer is not one that HTTP can carry."""


class Cycle(RequestResponseCycle):
    """uvicorn's; the head of an answer that says its length waits for the body's first part."""

    task: "asyncio.Task[None]"
    refusal: Refusal | None = None
    _held = b""
    _act: Callable[[], object] | None = None
    _has_left = False
    _has_body = True

    def __init__(self, scope: Any, **others: Any) -> None:
        super().__init__(scope, **others)
        scope["extensions"] = {CLIENT: self}

    @property
    def has_left(self) -> bool:
        return self._has_left

    def when_it_leaves(self, act: Callable[[], object]) -> None:
        self._act = act

    @property
    def disconnected(self) -> bool:
        return self._has_left

    @disconnected.setter
    def disconnected(self, value: bool) -> None:
        self._has_left = value
        if value and self._act is not None:
            self._act()

    def answer(self, status: int, fields: Iterable[Field], body: bytes) -> bool:
        if self.flow.write_paused or self.response_started:
            return False
        if not self._has_left:
            self._begin(status, fields)
            self._go_on(body, more=False)
        return True

    async def send(self, message: Any) -> None:
        if self.flow.write_paused and not self._has_left:
            await self.flow.drain()
        if self._has_left:
            return
        if not self.response_started:
            self._begin(message["status"], message.get("headers", ()))
        elif self.response_complete:
            raise MalformedAnswerError("It goes on after its end.")
        else:
            self._go_on(message.get("body", b""), more=message.get("more_body", False))

    def _begin(self, status: int, given: Iterable[Field]) -> None:
        self.response_started = True
        self.waiting_for_100_continue = False
        self._has_body = status not in WITHOUT_BODY and self.scope["method"] != "HEAD"
        fields = [*self.default_headers, *given]
        self._learn_framing(fields)
        head = head_of(status, fields)
        if self._has_body and self.expected_content_length:
            self._held = head
        else:
            self.transport.write(head)

    def _learn_framing(self, fields: list[Field]) -> None:
        says_close = False
        for name, value in fields:
            if name == b"content-length":
                self.chunked_encoding = False
                self.expected_content_length = int(value) if self._has_body else 0
            elif name == b"transfer-encoding":
                self.chunked_encoding = True
            elif name == b"connection" and b"close" in value.lower():
                self.keep_alive, says_close = False, True
        if self.chunked_encoding is None and self._has_body:
            self.chunked_encoding = True
            fields.append((b"transfer-encoding", b"chunked"))
        if not self.keep_alive and not says_close:
            fields.append((b"connection", b"close"))

    def _go_on(self, body: bytes, *, more: bool) -> None:
        if not self._has_body:
            body = b""
        elif self.chunked_encoding:
            body = (b"%x\r\n%b\r\n" % (len(body), body) if body else b"") + (
                b"" if more else b"0\r\n\r\n"
            )
        else:
            self._count(len(body), more=more)
        if self._held:
            body, self._held = self._held + body, b""
        if body:
            self.transport.write(body)
        if not more:
            self._end()

    def _count(self, size: int, *, more: bool) -> None:
        self.expected_content_length -= size
        if self.expected_content_length < 0 or (self.expected_content_length and not more):
            raise MalformedAnswerError("Its body is not as long as it says.")

    def _end(self) -> None:
        self.response_complete = True
        self.message_event.set()
        if not self.keep_alive:
            self.transport.close()
        self.on_response()
        # It holds us: together we would wait for the garbage collector, once a request.
        self.scope: Any = {}


def head_of(status: int, fields: list[Field]) -> bytes:
    """The bytes before the body; MalformedAnswerError if a field would break out of its line."""
    lines = [name + b": " + value for name, value in fields]
    head = STATUS_LINE[status] + b"\r\n".join([*lines, b"", b""])
    ends = len(lines) + 2
    if head.count(b"\n") != ends or head.count(b"\r") != ends or b"\0" in head:
        raise MalformedAnswerError("A field of it does not keep to its line.")
    return head
