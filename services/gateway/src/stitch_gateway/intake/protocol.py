"""uvicorn's HTTP/1.1 with what it leaves out: heads in time and of a size, and its own errors."""

import asyncio
from http import HTTPStatus
from uuid import uuid4

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from stitch_common.context import request_id
from stitch_common.http.problems import problem

HEAD_WITHIN = 20.0
"""Seconds from a connection or the first byte of a request to the end of its head."""
MAX_HEAD = 64 * 1024
"""Bytes of an unfinished head that are kept; what applications take is less."""


class Protocol(HttpToolsProtocol):
    """A connection that neither waits nor grows without end, and answers only problems."""

    _late: asyncio.TimerHandle | None = None
    _is_in_head = False
    _head_bytes = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._expect_head()

    def connection_lost(self, exc: Exception | None) -> None:
        self._head_ended()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        was_in_head = self._is_in_head
        super().data_received(data)
        if was_in_head and self._is_in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD:
                self._refuse(431, "head-too-large", "The head of this request is too large.")

    def on_message_begin(self) -> None:
        self._is_in_head = True
        self._head_bytes = 0
        self._expect_head()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._head_ended()
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the problem has its own words
        self._refuse(400, "malformed-request", "This is not a request that HTTP/1.1 allows.")

    def _expect_head(self) -> None:
        if self._late is None:
            self._late = self.loop.call_later(HEAD_WITHIN, self._head_is_late)

    def _head_ended(self) -> None:
        self._is_in_head = False
        if self._late is not None:
            self._late.cancel()
            self._late = None

    def _head_is_late(self) -> None:
        self._late = None
        if self._is_answering():
            self._expect_head()
        elif self._is_in_head:
            self._refuse(408, "slow-head", "The head of this request did not arrive in time.")
        else:
            self.transport.close()

    def _is_answering(self) -> bool:
        """Whether an earlier request of this connection has not got all of its answer."""
        cycle: RequestResponseCycle | None = self.cycle
        return cycle is not None and not cycle.response_complete

    def _refuse(self, status: int, code: str, detail: str) -> None:
        self._head_ended()
        if self.transport.is_closing():
            return
        chosen = uuid4().hex
        before = request_id.set(chosen)
        headers = {"x-request-id": chosen, "connection": "close"}
        answer = problem(status, code=code, detail=detail, instance="", headers=headers)
        request_id.reset(before)
        line = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()
        fields = [name + b": " + value for name, value in answer.raw_headers]
        head = b"\r\n".join([line, *fields, b"", b""])
        self.transport.write(head + bytes(answer.body))
        self.transport.close()
