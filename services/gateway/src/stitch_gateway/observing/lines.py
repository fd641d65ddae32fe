"""The access log: one JSON line a request, many lines in one write.

They look like every other line of the process (`stitch_common.logs`), without the twentieth of a
millisecond that it takes to make one of those: nothing in them needs escaping.
"""

import asyncio
import logging
import sys
from collections.abc import Callable
from time import gmtime, strftime, time

from stitch_gateway.observing.exchange import Exchange

LOGGER = "stitch_gateway.access"
WITHIN = 0.2
"""Seconds that a line may wait for others."""
MOST_WAITING = 256

Write = Callable[[str], object]


def to_stderr(text: str) -> None:
    """Where the rest of the log goes."""
    sys.stderr.write(text)
    sys.stderr.flush()


class AccessLog:
    """Lines wait a moment for others; `flush` before the process ends."""

    def __init__(self, write: Write = to_stderr, *, within: float = WITHIN) -> None:
        self._write = write
        self._within = within
        self._lines: list[str] = []
        self._logger = logging.getLogger(LOGGER)
        self._second = 0
        self._begins = ""

    def add(self, exchange: Exchange, seconds: float) -> None:
        if not self._logger.isEnabledFor(logging.INFO):
            return
        if not self._lines:
            asyncio.get_running_loop().call_later(self._within, self.flush)
        self._lines.append(self._line(exchange, seconds))
        if len(self._lines) >= MOST_WAITING:
            self.flush()

    def flush(self) -> None:
        if self._lines:
            lines, self._lines = self._lines, []
            self._write("".join(lines))

    def _line(self, about: Exchange, seconds: float) -> str:
        """Values are ours, or have passed an expression without quotes and backslashes."""
        upstream = "null" if about.upstream is None else f'"{about.upstream}"'
        user = "null" if about.user_id is None else about.user_id
        return (
            f'{self._beginning()}"request_id": "{about.request_id}", '
            f'"trace_id": "{about.hop.trace_id}", "method": "{about.method}", '
            f'"route": "{about.template}", "status": {about.status}, '
            f'"outcome": "{about.outcome}", "upstream": {upstream}, "user_id": {user}, '
            f'"bytes": {about.bytes}, "ms": {seconds * 1000:.1f}}}\n'
        )

    def _beginning(self) -> str:
        now = time()
        second = int(now)
        if second != self._second:
            self._second = second
            self._begins = (
                f'{{"event": "request", "logger": "{LOGGER}", "level": "info", "service": '
                f'"gateway", "timestamp": "{strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))}.'
            )
        return f'{self._begins}{int((now - second) * 1e6):06d}Z", '
