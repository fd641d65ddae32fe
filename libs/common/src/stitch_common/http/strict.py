"""uvicorn's HTTP/1.1 without what it lets through: the protocol of every port of every process.

llhttp, in its strict mode, refuses bare line feeds, folded fields, control bytes and doubled
framing. What is left to do is here: who is asked (Host), where a body ends, how large a head is,
and how long anything may take.
"""

import asyncio

import httptools
from prometheus_client import Counter
from uvicorn.protocols.http.flow_control import HIGH_WATER_LIMIT
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from stitch_common.http import strict_head as head
from stitch_common.http.cycle import Cycle, head_of
from stitch_common.http.strict_head import Refusal, RefusedError
from stitch_common.http.strict_limits import KIB
from stitch_common.http.strict_times import (
    BETWEEN,
    BODY,
    HEAD,
    LINGER,
    NOTHING,
    TimedProtocol,
    abandon,
)

REFUSED = Counter(
    "stitch_http_refused_total",
    "Connections closed because of what was sent on them, or how slowly",
    ["code"],
)
WATCHED = frozenset({b"host", b"content-length", b"transfer-encoding", b"expect"})
MAX_FRAMING = 16 * KIB
FRAMING_PER_BYTE = 8
"""Chunk sizes, their extensions and trailers may be this much larger than what they frame."""


class StrictProtocol(TimedProtocol):
    """One connection."""

    __slots__ = (
        "_awaits_upgrade",
        "_framed",
        "_has_coding",
        "_host",
        "_known_host",
        "_last_words",
        "_read_now",
        "_taken",
        "_unfinished",
    )

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._last_words: Refusal | None = None
        self._known_host = b""
        self._read_now = 0
        """Bytes of the present call of `data_received`."""

    def data_received(self, data: bytes) -> None:
        if self._reading is NOTHING:
            return
        self._read_now = len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._go_on_without_upgrade(data[upgrade.args[0] :])
        except httptools.HttpParserError as error:
            self._refuse(head.refusal_for(error))
        else:
            if self._reading is HEAD:
                self._head_goes_on()
            elif self._reading is BODY:
                self._body_goes_on()

    # The parser's callbacks.

    def on_message_begin(self) -> None:
        if len(self.pipeline) >= self._limits.max_pipelined:
            raise RefusedError(head.TOO_EAGER)
        super().on_message_begin()
        self._reading = HEAD
        self._host = b""
        self._has_coding = self._awaits_upgrade = False
        self._unfinished = 0
        """Bytes of a head whose end has not come."""
        self._taken = self._framed = 0
        """Bytes of a body without its framing; and with, once a second read was needed."""

    def on_url(self, url: bytes) -> None:
        self.url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        name = name.lower()
        if name in WATCHED:
            self._check_field(name, value)
        self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        version, method = self.parser.get_http_version(), self.parser.get_method()
        self._check_head(method, version)
        if self.parser.should_upgrade():
            self._forgo_upgrade(method)
            return
        path, _, query = head.origin_form(self.url, self._host).partition(b"?")
        scope = self.scope
        scope["http_version"], scope["method"] = version, method.decode("ascii")
        scope["path"], scope["raw_path"] = head.decoded_path(path), path
        scope["query_string"] = query
        self._reading = BODY
        self.headers = []  # for trailers, which never become headers
        self._begin_cycle(keep_alive=version == "1.1" and self.parser.should_keep_alive())

    def on_body(self, body: bytes) -> None:
        self._taken += len(body)
        cycle = self.cycle
        if cycle.response_complete:
            return
        cycle.body += body
        if len(cycle.body) > HIGH_WATER_LIMIT:
            self.flow.pause_reading()
        cycle.message_event.set()

    def on_message_complete(self) -> None:
        if self._awaits_upgrade:
            return
        self._reading = BETWEEN
        cycle = self.cycle
        if cycle.response_complete:
            self._is_quiet()
            return
        if self._has_coding and not self.parser.should_keep_alive():
            cycle.keep_alive = False  # a trailer said so, and the parser listens to it
        cycle.more_body = False
        cycle.message_event.set()

    # What uvicorn does, with another clock.

    def _begin_cycle(self, *, keep_alive: bool) -> None:
        cycle = Cycle(
            scope=self.scope,
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=self.expect_100_continue,
            # Who waits to be told to continue, and is not, may send the body or the next
            # request: only the end of the connection is read alike by both sides.
            keep_alive=keep_alive and not self.expect_100_continue and not self._is_draining,
            on_response=self.on_response_complete,
        )
        self.cycle = cycle
        if self.expect_100_continue:
            self.flow.pause_reading()  # until the application asks for the body
        if self._is_answering():
            self.flow.pause_reading()
            self.pipeline.appendleft((cycle, self.app))
        else:
            self._start_asgi_task(cycle, self.app)

    def on_response_complete(self) -> None:
        self.server_state.total_requests += 1
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self._last_words is not None:
            self._speak(self._last_words)
        else:
            self._is_quiet()

    # What a head must be.

    def _check_field(self, name: bytes, value: bytes) -> None:
        if name == b"host":
            self._check_host(value)
        elif name == b"content-length":
            if not head.LENGTH.fullmatch(value):
                raise RefusedError(head.BAD_LENGTH)
        elif name == b"transfer-encoding":
            if self._has_coding:
                raise RefusedError(head.BAD_CODING)
            self._has_coding = True
            if value.lower() != b"chunked":
                raise RefusedError(head.UNKNOWN_CODING)
        elif value.lower() == b"100-continue":
            self.expect_100_continue = True
        else:
            raise RefusedError(head.UNKNOWN_EXPECTATION)

    def _check_host(self, value: bytes) -> None:
        if self._host or not (value == self._known_host or head.HOST.fullmatch(value)):
            raise RefusedError(head.BAD_HOST)
        self._host = self._known_host = value

    def _check_head(self, method: bytes, version: str) -> None:
        limits, may_be = self._limits, self._unfinished + self._read_now
        if len(self.url) > limits.max_target:
            raise RefusedError(head.LONG_TARGET)
        if version not in head.VERSIONS:
            raise RefusedError(head.MALFORMED)
        if method not in head.METHODS:
            raise RefusedError(head.UNKNOWN_METHOD)
        if not self._host:
            raise RefusedError(head.BAD_HOST)
        if self._has_coding and version != "1.1":
            raise RefusedError(head.BAD_CODING)
        # Counted only where it may be too much: most heads come in one small piece.
        is_large = (
            may_be > limits.max_head and head.size_of(self.url, self.headers) > limits.max_head
        )
        if is_large or len(self.headers) > limits.max_fields:
            raise RefusedError(head.LARGE_HEAD)

    def _forgo_upgrade(self, method: bytes) -> None:
        """HTTP/2 may be forgone (RFC 9110 §7.8); who wants something else must be told no."""
        wanted = b",".join(value for name, value in self.headers if name == b"upgrade")
        if method == b"CONNECT" or wanted.lower() != b"h2c":
            raise RefusedError(head.NO_UPGRADE)
        self._awaits_upgrade = True

    def _go_on_without_upgrade(self, rest: bytes) -> None:
        """The parser takes all that follows an upgrade for something else: begin again without."""
        version, method = self.parser.get_http_version(), self.parser.get_method()
        again = head.without_upgrade(method, self.url, version, self.headers)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self.data_received(again + rest)

    # What is too slow, or never ends.

    def _head_goes_on(self) -> None:
        if self._unfinished:
            self._unfinished += self._read_now
        else:
            self._unfinished = max(1, head.size_of(self.url, self.headers))
            self._head_until = self.loop.time() + self._head_within
        if self._unfinished > self._limits.max_head:
            is_long = len(self.url) > self._limits.max_target
            self._refuse(head.LONG_TARGET if is_long else head.LARGE_HEAD)

    def _body_goes_on(self) -> None:
        latest = self.loop.time() + self._body_within
        if not self._framed:
            # What else this read has brought is not of this body.
            self._framed, self._body_until = self._taken + 1, latest
            return
        self._framed += self._read_now
        if not self.cycle.response_complete:
            earned = self._read_now / self._limits.min_body_rate
            self._body_until = min(latest, self._body_until + earned)
        if self._framed - self._taken > MAX_FRAMING + FRAMING_PER_BYTE * self._taken:
            self._refuse(head.MALFORMED)

    # How it ends.

    def _refuse(self, refusal: Refusal) -> None:
        """Answer in turn, read no more, and close."""
        REFUSED.labels(refusal.code).inc()
        was_reading, self._reading = self._reading, NOTHING
        if was_reading is BODY and self.cycle is self._running:
            self._refuse_running(self.cycle, refusal)
            return
        if was_reading is BODY:
            self.pipeline.popleft()
        if self._is_answering():
            self._last_words = refusal
        else:
            self._speak(refusal)

    def _refuse_running(self, cycle: RequestResponseCycle, refusal: Refusal) -> None:
        if cycle.response_complete:
            self.transport.close()
        elif cycle.response_started:
            self.transport.abort()
        else:
            abandon(cycle, refusal)
            self._running = None
            self._speak(refusal)

    def _speak(self, refusal: Refusal) -> None:
        """Half-close: bytes that nobody has read would reset the connection before the answer."""
        if self.transport.is_closing():
            return
        asked = list(self.scope["headers"])  # as far as they have been read
        answer = refusal.answer(asked)
        dress = getattr(self.app, "dress_refusal", lambda fields, _asked: fields)
        fields = dress(answer.raw_headers, asked)
        self.transport.write(head_of(refusal.status, fields) + bytes(answer.body))
        self.transport.write_eof()
        self._gone_until = self.loop.time() + LINGER
        self._look_now()
