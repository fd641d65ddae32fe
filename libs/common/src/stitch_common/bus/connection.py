"""The process's one connection to NATS: it never gives up, and nothing waits for it to start."""

import asyncio
import secrets
from collections.abc import Callable
from contextlib import suppress

import structlog
from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js import JetStreamContext

log = structlog.get_logger(__name__)

RECONNECT_SECONDS = 1


class BusClosedError(Exception):
    """The connection to NATS is closed for good; only a new process helps."""


class NatsAwayError(NatsError):
    """NATS does not answer."""


class Bus:
    """A connection for one service's process, shared by its relay and its consumers."""

    def __init__(self, url: str, service: str, *, replicas: int = 1) -> None:
        self.replicas = replicas
        """How many servers of the cluster keep each fact."""
        self._url = url
        self._service = service
        self._name = f"{service}-{secrets.token_hex(4)}"
        self._tasks: list[asyncio.Task[None]] = []
        self._ping_due = asyncio.Event()
        self._is_closing = False
        self._listens = False
        self._latest_error: str | None = None
        self.client = Client()
        self.js = JetStreamContext(self.client, timeout=5)
        self._watchers: list[Callable[[], None]] = []
        self.woken = asyncio.Event()
        """Set when there may be new rows in this service's outbox."""
        self.connected = asyncio.Event()
        self.lost = asyncio.Event()
        """Set when the connection is closed and will not come back."""
        self.epoch = 0
        """Grows with every connection that was made: what a broker knew may be gone."""

    async def start(self) -> None:
        """Begin to connect; HTTP serves and the outbox absorbs facts until that succeeds."""
        if not self._tasks:
            self._tasks = [
                asyncio.create_task(self._connect(), name="bus-connect"),
                asyncio.create_task(self._ping_others(), name="bus-wake"),
            ]

    async def connect(self, seconds: float = 10) -> None:
        """Wait for the connection; raise NatsAwayError."""
        await self.start()
        try:
            async with asyncio.timeout(seconds):
                await self.connected.wait()
        except TimeoutError:
            raise NatsAwayError(f"no answer for {seconds} s: {self._latest_error}") from None

    async def until_connected(self, stop: asyncio.Event) -> None:
        """Wait for the connection, or to be told to stop; raise BusClosedError."""
        while not (self.connected.is_set() or stop.is_set()):
            if self.lost.is_set():
                raise BusClosedError
            await happens(self.connected, within=1.0)

    def wake(self) -> None:
        """Tell the relay, here or in another process of the service, that facts are waiting."""
        self.woken.set()
        self._ping_due.set()

    async def listen_for_wakes(self) -> None:
        """Let other processes of the service wake this one."""
        if not self._listens:
            self._listens = True  # nats-py subscribes again after it has reconnected
            await self.client.subscribe(f"stitch._wake.{self._service}", cb=self._on_ping)

    def on_change(self, watcher: Callable[[], None]) -> None:
        """Call this whenever the connection comes, goes, or is lost."""
        self._watchers.append(watcher)

    async def close(self) -> None:
        if not self._tasks:
            return  # never started
        self._is_closing = True
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self.client.is_connected:
            await self.client.drain()
        elif self.epoch:  # nats-py can't close what never was open
            with suppress(ConnectionError):  # what waits for a broker that is away is given up
                await self.client.close()

    async def _connect(self) -> None:
        try:
            await self.client.connect(
                servers=self._url.split(","),
                name=self._name,
                # With a budget of attempts the client closes in the end, silently and for good.
                max_reconnect_attempts=-1,
                reconnect_time_wait=RECONNECT_SECONDS,
                connect_timeout=2,
                ping_interval=10,
                disconnected_cb=self._on_disconnected,
                reconnected_cb=self._on_connected,
                closed_cb=self._on_closed,
                error_cb=self._on_error,
            )
        except NatsError:
            log.exception("nats_refused_us")
            self.lost.set()
        else:
            await self._on_connected()

    async def _ping_others(self) -> None:
        # One task for all commits: a ping tells nothing but that there is something.
        while True:
            await self._ping_due.wait()
            self._ping_due.clear()
            if self.connected.is_set():
                with suppress(NatsError):  # the poll will find it
                    await self.client.publish(f"stitch._wake.{self._service}", self._name.encode())

    async def _on_ping(self, message: Msg) -> None:
        if message.data != self._name.encode():
            self.woken.set()

    async def _on_connected(self) -> None:
        self.epoch += 1
        self._latest_error = None
        self.connected.set()
        self._tell()
        log.info("nats_connected", epoch=self.epoch)

    async def _on_disconnected(self) -> None:
        self.connected.clear()
        self._tell()
        if not self._is_closing:
            log.warning("nats_disconnected")

    async def _on_closed(self) -> None:
        self.connected.clear()
        if not self._is_closing:
            self.lost.set()
            self._tell()

    def _tell(self) -> None:
        self.woken.set()
        for watcher in self._watchers:
            watcher()

    async def _on_error(self, error: Exception) -> None:
        if (latest := repr(error)) != self._latest_error:  # every attempt fails alike
            self._latest_error = latest
            log.warning("nats_error", error=latest)


async def happens(event: asyncio.Event, *, within: float) -> bool:
    """Wait so many seconds at most; tells whether it has happened."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within):
            await event.wait()
    return event.is_set()
