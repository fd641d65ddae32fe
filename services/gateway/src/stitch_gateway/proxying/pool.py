"""A service over kept connections: the implementation for the hot path."""

import asyncio
import time
from collections import deque
from datetime import timedelta
from types import TracebackType
from urllib.parse import urlsplit

from stitch_gateway.proxying.connection import Connection
from stitch_gateway.proxying.errors import (
    ConnectTimeoutError,
    UpstreamBusyError,
    UpstreamUnreachableError,
)
from stitch_gateway.proxying.upstream import UpstreamAnswer, UpstreamRequest

KEPT_IDLE = 30.0
"""Seconds; services keep idle connections longer, so that we are the one who closes them."""
QUEUE_PATIENCE = 2.0
"""Seconds to wait for a connection when all are in use."""
PORTS = {"http": 80, "https": 443}


class PooledUpstream:
    """One service, or the one of its addresses that is given."""

    def __init__(
        self, url: str, *, connections: int, connect_timeout: timedelta, address: str | None = None
    ) -> None:
        parts = urlsplit(url)
        self._name = parts.hostname or ""
        self._address = address or self._name
        self._port = parts.port or PORTS[parts.scheme]
        self._is_secure = parts.scheme == "https"
        self._host = parts.netloc.encode()
        self._connect_timeout = connect_timeout.total_seconds()
        self._free = connections
        self._queued: deque[asyncio.Future[None]] = deque()
        self._idle: list[Connection] = []
        self._now = time.monotonic

    def exchange(self, request: UpstreamRequest) -> "Lease":
        return Lease(self, request)

    async def borrow(self) -> Connection:
        """A connection, to be given back whatever happens."""
        await self._queue()
        try:
            return self._kept() or await self._connect()
        except BaseException:
            self._next()
            raise

    def give_back(self, connection: Connection) -> None:
        if connection.end():
            connection.idle_since = self._now()
            self._idle.append(connection)
        else:
            connection.close()
        self._next()

    async def close(self) -> None:
        for connection in self._idle:
            connection.close()
        self._idle.clear()

    async def _queue(self) -> None:
        """Take one of the connections that there may be, in the order of asking."""
        if self._free and not self._queued:
            self._free -= 1
            return
        turn = asyncio.get_running_loop().create_future()
        self._queued.append(turn)
        try:
            async with asyncio.timeout(QUEUE_PATIENCE):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._next()  # it came too late for us
            if isinstance(error, TimeoutError):
                raise UpstreamBusyError from error
            raise

    def _next(self) -> None:
        while self._queued:
            turn = self._queued.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _kept(self) -> Connection | None:
        """The connection used last; those below it may grow old and be closed."""
        now = self._now()
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable and now - connection.idle_since < KEPT_IDLE:
                connection.idle_since = 0.0
                return connection
            connection.close()
        return None

    async def _connect(self) -> Connection:
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self._connect_timeout):
                _, connection = await loop.create_connection(
                    lambda: Connection(self._host),
                    self._address,
                    self._port,
                    ssl=self._is_secure or None,
                    server_hostname=self._name if self._is_secure else None,
                )
        except TimeoutError as error:
            raise ConnectTimeoutError from error
        except OSError as error:
            raise UpstreamUnreachableError from error
        return connection


class Lease:
    """A connection for one exchange."""

    __slots__ = ("_connection", "_pool", "_request")

    def __init__(self, pool: PooledUpstream, request: UpstreamRequest) -> None:
        self._pool = pool
        self._request = request

    async def __aenter__(self) -> UpstreamAnswer:
        self._connection = connection = await self._pool.borrow()
        try:
            await connection.ask(self._request)
        except BaseException:
            self._pool.give_back(connection)
            raise
        return connection

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.give_back(self._connection)
