"""The addresses of one service: who is there, who is asked, and who is passed over for a while."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence
from random import random
from typing import Any

import structlog

from stitch_gateway.balancing.metrics import ADDRESSES, PASSED_OVER
from stitch_gateway.balancing.sites import Knock, Place, Resolve, Site
from stitch_gateway.balancing.standing import Standing, may_pass_over
from stitch_gateway.proxying.errors import UpstreamUnreachableError
from stitch_gateway.proxying.upstream import Upstream

RESOLVED_EVERY = 5.0
"""Seconds; the TTL of Kubernetes' DNS."""
RESOLVED_AT_MOST_EVERY = 1.0
"""Seconds; after a failure."""
RESOLVED_WITHIN = 5.0
NEVER = float("inf")

log = structlog.get_logger(__name__)

Make = Callable[[Place], Upstream]


def two_of(number: int, random: Callable[[], float]) -> tuple[int, int]:
    """Two different ones of so many, each pair as likely as any other."""
    first = int(random() * number)
    second = (first + 1 + int(random() * (number - 1))) % number
    return first, second


class Address:
    """One place where a service listens, and the connections to it."""

    __slots__ = ("is_retired", "outstanding", "place", "standing", "upstream")

    def __init__(self, place: Place, upstream: Upstream) -> None:
        self.place = place
        self.upstream = upstream
        self.standing = Standing()
        self.outstanding = 0
        self.is_retired = False


class Addresses:
    """One service's; what has to be waited for happens beside the requests."""

    def __init__(
        self,
        service: str,
        urls: Iterable[str],
        make: Make,
        *,
        resolve: Resolve,
        knock: Knock,
        clock: Callable[[], float] = time.monotonic,
        random: Callable[[], float] = random,
    ) -> None:
        self._service = service
        self._make = make
        self._resolve = resolve
        self._knock = knock
        self._clock = clock
        self._random = random
        sites = [Site.of(url) for url in urls]
        self._names = [site for site in sites if not site.is_address]
        self._all: dict[Place, Address] = {}
        self._passed_over: dict[Address, float] = {}
        self._working: set[asyncio.Task[None]] = set()
        self._knocking: set[Address] = set()
        self._resolving: asyncio.Task[None] | None = None
        self._resolved_at = -NEVER
        self._resolve_at = 0.0 if self._names else NEVER
        self.asked: list[Address] = []
        """Whom to choose from."""
        self.look_at = NEVER
        """When something is due; until then a request has no more to do than to choose."""
        for site in sites:
            if site.is_address:
                self._add(Place(site, site.host))
        self._plan()

    def choose(self, avoid: object | None = None) -> Address | None:
        """The less busy one of two picked at random (Mitzenmacher, 2001); None if there is none."""
        asked = self.asked
        if avoid is not None:
            asked = [each for each in asked if each is not avoid] or asked
        if len(asked) < 2:  # noqa: PLR2004 - to compare there must be two
            return asked[0] if asked else None
        first, second = two_of(len(asked), self._random)
        one, other = asked[first], asked[second]
        return one if one.outstanding <= other.outstanding else other

    async def first(self) -> Address:
        """One to ask as soon as the names are known; UpstreamUnreachableError if nobody is."""
        if self._resolving is not None:
            await asyncio.shield(self._resolving)
        chosen = self.choose()
        if chosen is None:
            raise UpstreamUnreachableError
        return chosen

    def look_around(self) -> None:
        """Start what is due: look up names, and see whether who was passed over is back."""
        now = self._clock()
        for address, until in self._passed_over.items():
            if until <= now and address not in self._knocking:
                self._knocking.add(address)
                self._start(self._bring_back(address))
        if self._resolve_at <= now and self._resolving is None:
            self._resolve_at = NEVER
            self._resolving = self._start(self._look_up())
        self._plan()

    def failed(self, address: Address, *, to_connect: bool) -> None:
        """Count it against the address, and pass it over if that was too often."""
        address.standing.failed(to_connect=to_connect)
        if self._names and self._resolving is None:
            # It may have been replaced: the next request must not wait to hear of that.
            self._resolve_at = min(self._resolve_at, self._resolved_at + RESOLVED_AT_MOST_EVERY)
            self.look_around()
        if address in self.asked and address.standing.is_poor():
            self._pass_over(address)

    async def somebody_listens(self) -> bool:
        """Whether any address takes a connection now."""
        places = list(self._all)
        return any(await asyncio.gather(*(self._knock(place) for place in places)))

    async def close(self) -> None:
        working = list(self._working)
        for task in working:
            task.cancel()
        await asyncio.gather(*working, return_exceptions=True)
        for address in self._all.values():
            await address.upstream.close()

    def _pass_over(self, address: Address) -> None:
        is_away = address.standing.is_away()
        if not may_pass_over(asked=len(self.asked), all_of_them=len(self._all), is_away=is_away):
            if len(self.asked) == 1 and self._passed_over:
                self._panic()
            return
        length = address.standing.pause(self._clock())
        self.asked.remove(address)
        self._passed_over[address] = self._clock() + length
        PASSED_OVER.labels(self._service).inc()
        log.warning(
            "address_passed_over",
            upstream=self._service,
            address=str(address.place),
            seconds=length,
            is_away=is_away,
        )
        self._plan()

    def _panic(self) -> None:
        """All are as poor as the last one, so it is not this or that address that is at fault."""
        log.warning("all_addresses_fail", upstream=self._service, addresses=len(self._all))
        for address in list(self._passed_over):
            self._return(address)
        self._plan()

    def _return(self, address: Address) -> None:
        if self._passed_over.pop(address, None) is not None:
            address.standing.returned(self._clock())
            self.asked.append(address)

    async def _bring_back(self, address: Address) -> None:
        """Nobody's request is risked to find out whether a dead address is back."""
        try:
            if await self._knock(address.place):
                self._return(address)
                log.info("address_back", upstream=self._service, address=str(address.place))
            elif address in self._passed_over:
                now = self._clock()
                self._passed_over[address] = now + address.standing.pause(now)
        finally:
            self._knocking.discard(address)
            self._plan()

    async def _look_up(self) -> None:
        try:
            found = await asyncio.gather(*(self._places(site) for site in self._names))
            await self._take({place for places in found for place in places})
        finally:
            self._resolving = None
            self._resolved_at = self._clock()
            self._resolve_at = self._resolved_at + (
                RESOLVED_EVERY if self._all else RESOLVED_AT_MOST_EVERY
            )
            self._plan()

    async def _places(self, site: Site) -> Sequence[Place]:
        """What DNS says; while it says nothing, what it said last."""
        try:
            async with asyncio.timeout(RESOLVED_WITHIN):
                found = await self._resolve(site.host, site.port)
        except OSError as error:
            log.warning(
                "no_addresses", upstream=self._service, host=site.host, error=type(error).__name__
            )
            return [place for place in self._all if place.site == site]
        return [Place(site, address) for address in found]

    async def _take(self, places: set[Place]) -> None:
        for place in sorted(places - self._all.keys(), key=str):
            self._add(place)
        gone = [
            address
            for place, address in self._all.items()
            if place not in places and not place.site.is_address
        ]
        for address in gone:
            self._retire(address)
            if not address.outstanding:
                await address.upstream.close()

    def _add(self, place: Place) -> None:
        self._all[place] = Address(place, self._make(place))
        self.asked.append(self._all[place])

    def _retire(self, address: Address) -> None:
        """No new requests; those it has are finished."""
        del self._all[address.place]
        address.is_retired = True
        self._passed_over.pop(address, None)
        if address in self.asked:
            self.asked.remove(address)

    def _plan(self) -> None:
        due = (
            until for address, until in self._passed_over.items() if address not in self._knocking
        )
        self.look_at = min(self._resolve_at, *due, NEVER)
        ADDRESSES.labels(self._service, "asked").set(len(self.asked))
        ADDRESSES.labels(self._service, "passed-over").set(len(self._passed_over))

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._working.add(task)
        task.add_done_callback(self._working.discard)
        return task
