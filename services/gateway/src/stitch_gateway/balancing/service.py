"""A service at several addresses behind one breaker: an `Upstream` made of `Upstream`s."""

import asyncio
import time
from collections.abc import Callable
from types import TracebackType

import structlog

from stitch_gateway.balancing.addresses import Address, Addresses
from stitch_gateway.balancing.breaker import Breaker, State
from stitch_gateway.balancing.errors import UpstreamRestingError
from stitch_gateway.balancing.metrics import BREAKER, BREAKER_CHANGES, LEVEL
from stitch_gateway.balancing.rules import FIRST_FAILURE, is_outage, nothing_was_sent
from stitch_gateway.proxying.errors import UpstreamBusyError, UpstreamError
from stitch_gateway.proxying.upstream import UpstreamAnswer, UpstreamRequest

KNOCKED_EVERY = 0.5
"""Seconds."""

log = structlog.get_logger(__name__)


class BalancedUpstream:
    """One service, wherever it listens."""

    def __init__(
        self, service: str, addresses: Addresses, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._service = service
        self.addresses = addresses
        self.clock = clock
        self.breaker = Breaker(clock, on_change=self._tell)
        BREAKER.labels(service).set(LEVEL[State.CLOSED])
        self.is_away = False
        """Whether it was last found that nobody listens."""
        self._waiting: asyncio.Task[None] | None = None

    def exchange(self, request: UpstreamRequest) -> "Exchange":
        return Exchange(self, request)

    async def close(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            await asyncio.gather(self._waiting, return_exceptions=True)
        await self.addresses.close()

    def _tell(self, state: State) -> None:
        BREAKER.labels(self._service).set(LEVEL[state])
        BREAKER_CHANGES.labels(self._service, state).inc()
        log.warning("breaker_changed", upstream=self._service, state=str(state))
        is_waiting = self._waiting is not None and not self._waiting.done()
        if state is State.OPEN and self.is_away and not is_waiting:
            self._waiting = asyncio.create_task(self._wait_for_somebody())

    async def _wait_for_somebody(self) -> None:
        """A service that starts again is not kept waiting for the rest of a long rest."""
        while not self.breaker.is_closed and self.is_away:
            await asyncio.sleep(KNOCKED_EVERY)
            if self.breaker.state is State.OPEN and await self.addresses.somebody_listens():
                self.breaker.hurry()
                return


class Exchange:
    """One request to one of the addresses, and what its end says about service and address."""

    __slots__ = ("_address", "_inner", "_request", "_term", "_upstream")

    def __init__(self, upstream: BalancedUpstream, request: UpstreamRequest) -> None:
        self._upstream = upstream
        self._request = request

    async def __aenter__(self) -> UpstreamAnswer:
        addresses, breaker = self._upstream.addresses, self._upstream.breaker
        if addresses.look_at <= self._upstream.clock():
            addresses.look_around()
        if not (breaker.is_closed or breaker.lets_probe()):
            raise UpstreamRestingError(headers={"retry-after": str(breaker.retry_after())})
        self._term = breaker.term
        try:
            answer = await self._ask(addresses)
        except BaseException as error:
            self._blame_service(error)
            raise
        if answer.status >= FIRST_FAILURE and is_outage(answer.status, answer.fields):
            self._upstream.is_away = False
            breaker.failed(self._term)
        elif breaker.strain or not breaker.is_closed:
            breaker.succeeded(self._term)
        return answer

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        address = self._address
        address.outstanding -= 1
        if error is not None:
            self._blame_for_breaking_off(address, error)
        try:
            return await self._inner.__aexit__(kind, error, trace)
        finally:
            if address.is_retired and not address.outstanding:
                await address.upstream.close()

    async def _ask(self, addresses: Addresses) -> UpstreamAnswer:
        address = addresses.choose(self._request.avoid) or await addresses.first()
        try:
            return await self._ask_at(address)
        except UpstreamError as error:
            other = addresses.choose(avoid=address)
            if not nothing_was_sent(error) or other is None or other is address:
                raise
        # The first one has never heard of it: not even a POST is sent twice by this.
        return await self._ask_at(other)

    async def _ask_at(self, address: Address) -> UpstreamAnswer:
        exchange = address.upstream.exchange(self._request)
        address.outstanding += 1
        try:
            answer = await exchange.__aenter__()
        except BaseException as error:
            address.outstanding -= 1
            if isinstance(error, UpstreamError):
                self._blame_address(address, error)
            raise
        self._address, self._inner = address, exchange
        if answer.status >= FIRST_FAILURE and _is_bad(answer):
            self._upstream.addresses.failed(address, to_connect=False)
        elif address.standing.failures:
            address.standing.succeeded()
        return answer

    def _blame_for_breaking_off(self, address: Address, error: BaseException) -> None:
        """Whoever reads the answer may have wrapped the error in its own."""
        for each in (error, error.__cause__):
            if isinstance(each, UpstreamError):
                self._blame_address(address, each)
                self._blame_service(each)
                return

    def _blame_address(self, address: Address, error: UpstreamError) -> None:
        error.address = address
        if not isinstance(error, UpstreamBusyError):
            self._upstream.addresses.failed(address, to_connect=nothing_was_sent(error))

    def _blame_service(self, error: BaseException) -> None:
        if isinstance(error, UpstreamError) and not isinstance(error, UpstreamBusyError):
            self._upstream.is_away = nothing_was_sent(error)
            self._upstream.breaker.failed(self._term)
        else:
            self._upstream.breaker.learned_nothing(self._term)


def _is_bad(answer: UpstreamAnswer) -> bool:
    """One address that crashes on everything is worth passing over, a service is not."""
    return answer.status == FIRST_FAILURE or is_outage(answer.status, answer.fields)
