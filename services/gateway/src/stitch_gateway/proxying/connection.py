"""One HTTP/1.1 connection to a service: our own framing out, httptools' parser in (RFC 9112).

It knows services that we wrote: no pipelining, no upgrades, no trailers worth keeping.
"""

import asyncio
from collections.abc import AsyncIterator
from typing import cast

import httptools

from stitch_gateway.intake.head import Fields
from stitch_gateway.proxying.errors import UpstreamBrokenError, UpstreamTimeoutError
from stitch_gateway.proxying.upstream import UpstreamRequest

HIGH_WATER = 256 * 1024
"""Bytes of an answer that may wait for the client before the service has to wait."""
FIRST_FINAL_STATUS = 200
FRAMING = frozenset({b"content-length", b"transfer-encoding"})
NEVER = float("inf")


class UnaskedAnswerError(Exception):
    """A second answer came to one request; whose it is nobody can tell."""


class Connection(asyncio.Protocol):
    """Carries one exchange at a time; `end` says whether it can carry another."""

    def __init__(self, host: bytes) -> None:
        self._host = host
        self._loop = asyncio.get_running_loop()
        self._parser = httptools.HttpResponseParser(self)
        self._transport: asyncio.Transport | None = None
        self._writable = asyncio.Event()
        self._writable.set()
        self._failure: Exception | None = None
        self._sending: asyncio.Task[None] | None = None
        self._alarm: asyncio.TimerHandle | None = None
        self.idle_since = 0.0
        self._begin(is_head=False, patience=0)

    def _begin(self, *, is_head: bool, patience: float) -> None:
        self._is_head = is_head
        self._patience = patience
        self._chunks: list[bytes] = []
        self._waiting = 0
        self._deadline = NEVER
        self._waiter: asyncio.Future[None] | None = None
        self._has_head = self._has_ended = False
        self.status = 0
        self.fields: Fields = []

    # What the pool and the proxy ask for.

    @property
    def is_usable(self) -> bool:
        return self._failure is None and self._transport is not None

    async def ask(self, request: UpstreamRequest) -> None:
        """Send the request and return when the answer's head is here."""
        self._begin(is_head=request.method == "HEAD", patience=request.patience)
        self._write(request_head(request, self._host))
        if request.body is not None:
            self._sending = asyncio.create_task(self._send(request.body, request.length))
        while not self._has_head:
            await self._wait()

    def whole(self) -> bytes | None:
        """The body, if all of it is here before anybody has asked for it."""
        return self._take() if self._has_ended else None

    async def chunks(self) -> AsyncIterator[bytes]:
        """The body; raises if the connection ends before it does."""
        while True:
            if self._chunks:
                yield self._take()
            elif self._has_ended:
                return
            else:
                await self._wait()

    def _take(self) -> bytes:
        parts, self._chunks = self._chunks, []
        if self._waiting > HIGH_WATER and self._transport is not None:
            self._transport.resume_reading()
        self._waiting = 0
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def end(self) -> bool:
        """Leave the exchange: True if both sides had said all, else the connection is of no use."""
        has_sent_all = self._sending is None or self._sending.done()
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None
        return self._has_ended and has_sent_all and self.is_usable and not self._chunks

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    # Sending.

    async def _send(self, body: AsyncIterator[bytes], length: int | None) -> None:
        try:
            async for part in body:
                self._write(part if length is not None else b"%x\r\n%b\r\n" % (len(part), part))
                if not self._writable.is_set():
                    async with asyncio.timeout(self._patience):
                        await self._writable.wait()
            if length is None:
                self._write(b"0\r\n\r\n")
        except TimeoutError:
            self._fail(UpstreamTimeoutError())
        except Exception as error:  # noqa: BLE001 - told to who waits for the answer
            self._fail(error)
        finally:
            self._wake()

    def _write(self, data: bytes) -> None:
        if self._failure is not None or self._transport is None:
            raise self._failure or UpstreamBrokenError()
        self._transport.write(data)

    # Waiting.

    async def _wait(self) -> None:
        """Until something has happened; patience begins when the request is out."""
        if self._failure is not None:
            raise self._failure
        self._waiter = self._loop.create_future()
        is_sending = self._sending is not None and not self._sending.done()
        self._deadline = NEVER if is_sending else self._loop.time() + self._patience
        if self._alarm is None and not is_sending:
            self._alarm = self._loop.call_at(self._deadline, self._ring)
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _ring(self) -> None:
        """One alarm for many answers: most come in time, and nobody has to set it back."""
        self._alarm = None
        if self._waiter is None or self._waiter.done() or self._deadline == NEVER:
            return
        if self._loop.time() < self._deadline:
            self._alarm = self._loop.call_at(self._deadline, self._ring)
        else:
            self._waiter.set_exception(UpstreamTimeoutError())

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def _fail(self, error: Exception) -> None:
        self._failure = self._failure or error
        self.close()
        self._wake()

    # asyncio.Protocol.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # uvloop's transports are no instances of asyncio.Transport, though they do all it does.
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        if self.idle_since:
            self._fail(UpstreamBrokenError("It spoke without having been asked."))
            return
        try:
            self._parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self._fail(UpstreamBrokenError())

    def connection_lost(self, exc: Exception | None) -> None:
        is_framed = any(name in FRAMING for name, _ in self.fields)
        if self._has_head and not is_framed and exc is None:
            self._has_ended = True  # an answer without length ends with its connection
        self._failure = self._failure or UpstreamBrokenError()
        self._transport = None
        if self._alarm is not None:
            self._alarm.cancel()
        self._writable.set()
        self._wake()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        self._writable.set()

    # httptools.

    def on_message_begin(self) -> None:
        if self._has_ended:
            raise UnaskedAnswerError

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._has_head:
            self.fields.append((name.lower(), value))

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        if self.status < FIRST_FINAL_STATUS:
            self.fields = []
            return
        self._has_head = True
        if self._is_head:
            self._end_answer()
            # It can't be told that no body follows; the next answer needs another one.
            self._parser = httptools.HttpResponseParser(self)
        self._wake()

    def on_body(self, body: bytes) -> None:
        self._chunks.append(body)
        self._waiting += len(body)
        if self._waiting > HIGH_WATER and self._transport is not None:
            self._transport.pause_reading()
        self._wake()

    def on_message_complete(self) -> None:
        if self._has_head and not self._has_ended:
            self._end_answer()
            self._wake()

    def _end_answer(self) -> None:
        self._has_ended = True
        if not self._parser.should_keep_alive():
            self._failure = self._failure or UpstreamBrokenError()


def request_head(request: UpstreamRequest, host: bytes) -> bytes:
    """The bytes before the body; UpstreamBrokenError if a value would break out of its line."""
    lines = [b"%b %b HTTP/1.1" % (request.method.encode(), request.target), b"host: " + host]
    lines += [name + b": " + value for name, value in request.fields]
    if request.length is not None:
        lines.append(b"content-length: %d" % request.length)
    elif request.body is not None:
        lines.append(b"transfer-encoding: chunked")
    head = b"\r\n".join([*lines, b"", b""])
    if head.count(b"\n") != len(lines) + 1 or head.count(b"\r") != len(lines) + 1:
        raise UpstreamBrokenError
    return head
