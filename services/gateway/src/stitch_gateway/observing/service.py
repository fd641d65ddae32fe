"""A trace, a log line and two numbers for every request."""

from random import getrandbits
from time import perf_counter

from starlette.types import Scope, Send

from stitch_common.context import request_id
from stitch_common.http.cycle import CLIENT
from stitch_common.http.middleware import ACCEPTABLE_ID
from stitch_gateway.cors.answers import BrowserHeaders
from stitch_gateway.intake.head import Fields
from stitch_gateway.observing.exchange import Exchange
from stitch_gateway.observing.lines import AccessLog
from stitch_gateway.observing.numbers import Numbers
from stitch_gateway.observing.trace import Traces

ID, ORIGIN, TRACEPARENT = b"x-request-id", b"origin", b"traceparent"
WANTED = frozenset({ID, ORIGIN, TRACEPARENT})


class Watch:
    """Sees every request come and go; templates only, because paths may carry a guest's token."""

    def __init__(self, traces: Traces, lines: AccessLog, browser: BrowserHeaders) -> None:
        self._traces = traces
        self._lines = lines
        self._numbers = Numbers()
        self._browser = browser

    def open(self, scope: Scope, send: Send) -> Exchange:
        """What does not depend on whether the request makes sense."""
        given = _single(scope["headers"])
        method: str = scope["method"]
        chosen = chosen_id(given.get(ID))
        request_id.set(chosen)  # for this task, which is this request's
        return Exchange(
            send,
            scope["extensions"][CLIENT],
            method,
            request_id=chosen,
            hop=self._traces.begin(given.get(TRACEPARENT)),
            browser=self._browser,
            origin=given.get(ORIGIN),
        )

    def dress(self, fields: Fields, asked: Fields) -> Fields:
        """The fields of an answer to what has never become an exchange."""
        return self._browser.dress(fields, _single(asked).get(ORIGIN))

    def close(self, exchange: Exchange) -> None:
        seconds = perf_counter() - exchange.began
        method, template, status = exchange.method, exchange.template, exchange.status
        self._numbers.count(method, template, exchange.outcome, status=status, seconds=seconds)
        self._traces.end(exchange.hop, method, template, status)
        self._lines.add(exchange, seconds)


def chosen_id(given: bytes | None) -> str:
    """The client's id if it is well-formed, else a new one."""
    if given is not None:
        text = given.decode("latin-1")
        if ACCEPTABLE_ID.fullmatch(text):
            return text
    return getrandbits(128).to_bytes(16).hex()


def _single(headers: Fields) -> dict[bytes, bytes | None]:
    """The wanted fields that are there once."""
    found: dict[bytes, bytes | None] = {}
    for name, value in headers:
        if name in WANTED:
            found[name] = None if name in found else value
    return found
