"""A gateway put together by hand, so that any collaborator of any part can be a broken one."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import httpx
from services.gateway.tests.backend import served
from services.gateway.tests.faults.steps import CALLED, LOOKED_UP, Step
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from stitch_common.bus.connection import Bus
from stitch_common.clock import utc_now
from stitch_common.limits.counters import SharedCounters
from stitch_common.security.jwks import JWKSKeys
from stitch_common.security.revocations import Revocations
from stitch_common.security.tokens import TokenVerifier
from stitch_common.testing.recording import JWKS, Backend, KeySet
from stitch_common.testing.tokens import AUDIENCE, ISSUER
from stitch_gateway.authentication.service import Guard
from stitch_gateway.balancing.addresses import Addresses
from stitch_gateway.balancing.service import BalancedUpstream
from stitch_gateway.balancing.sites import Place, knock_by_connecting, resolve_by_system
from stitch_gateway.cors.answers import BrowserHeaders
from stitch_gateway.cors.rules import Origins
from stitch_gateway.gateway import Gateway
from stitch_gateway.limits.service import RateLimits
from stitch_gateway.observing.lines import AccessLog
from stitch_gateway.observing.service import Watch
from stitch_gateway.observing.trace import Traces
from stitch_gateway.proxying.pool import PooledUpstream
from stitch_gateway.proxying.service import Proxy
from stitch_gateway.routing.rules import RouteTable
from stitch_gateway.routing.table import HERE_ROWS, ROUTES
from stitch_gateway.settings import GatewaySettings
from stitch_gateway.streaming.service import Streams

PARTS: tuple[type[Any], ...] = (
    Gateway, Watch, Guard, TokenVerifier, JWKSKeys, Revocations, RateLimits, SharedCounters,
    Streams, Proxy, BalancedUpstream, Addresses,
)  # fmt: skip
"""Every class on the way that is given collaborators."""

DATA = {
    "settings", "issuer", "audience", "cache_size", "url", "max_age", "cool_down", "hard_ttl",
    "token_ttl", "capacity", "service", "urls", "random",
}  # fmt: skip
"""Parameters that are values: they can be wrong, and they can't fail."""

Fault = Callable[..., Any]


class BrokenError(Exception):
    """Something that nobody has thought of."""


def fails(*_args: Any, **_named: Any) -> Any:
    raise BrokenError


async def hangs(*_args: Any, **_named: Any) -> Any:
    await asyncio.Event().wait()


class Nonsense:
    """An answer of which nothing can be made."""

    def __getattr__(self, name: str) -> Any:
        raise BrokenError(name)

    __bool__ = __iter__ = __len__ = __getitem__ = __lt__ = __gt__ = __str__ = fails


class Faulty:
    """Like the real one, but for one method."""

    def __init__(self, real: Any, method: str, fault: Fault) -> None:
        self._real = real
        self._method = method
        self._fault = fault
        self.met = 0

    def __getattr__(self, name: str) -> Any:
        if name != self._method:
            return getattr(self._real, name)
        self.met += 1
        return self._fault

    def __call__(self, *args: Any, **named: Any) -> Any:
        return (self._meet if self._method == CALLED else self._real)(*args, **named)

    def __getitem__(self, key: Any) -> Any:
        return self._meet(key) if self._method == LOOKED_UP else self._real[key]

    def __iter__(self) -> Any:
        return iter(self._real)

    def _meet(self, *args: Any, **named: Any) -> Any:
        self.met += 1
        return self._fault(*args, **named)


@dataclass
class Break:
    """Breaks the collaborator of one step, and remembers every place that was offered to it."""

    step: Step | None
    fault: Fault
    made: Faulty | None = None

    def __post_init__(self) -> None:
        self.places: list[str] = []

    def __call__(self, place: str, real: Any) -> Any:
        self.places.append(place)
        if self.step is None or self.step.place != place:
            return real
        self.made = Faulty(real, self.step.method, self.fault)
        return self.made

    @property
    def was_met(self) -> bool:
        return self.made is not None and self.made.met > 0


@dataclass(frozen=True, slots=True)
class Ground:
    """What is behind every gateway."""

    service: Backend
    service_url: str
    jwks_url: str


@asynccontextmanager
async def ground() -> AsyncGenerator[Ground]:
    service = Backend()
    async with served(service) as service_url, served(KeySet(Backend())) as auth_url:
        yield Ground(service, service_url.replace("127.0.0.1", "localhost"), auth_url + JWKS)


@asynccontextmanager
async def gateway_on(ground: Ground, put: Callable[[str, Any], Any]) -> AsyncGenerator[str]:
    """The address of a gateway in which `put` decides what each collaborator is."""
    async with AsyncExitStack() as stack:
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=2))
        upstreams, close = upstreams_at(ground.service_url, put)
        stack.enter_context(suppress(BrokenError))  # what is nonsense can't be closed
        stack.push_async_callback(close)
        gateway = gateway_of(GatewaySettings(), ground.jwks_url, http, upstreams, put)
        yield await stack.enter_async_context(served(gateway))


def gateway_of(
    settings: GatewaySettings,
    jwks_url: str,
    http: httpx.AsyncClient,
    upstreams: Mapping[str, Any],
    put: Callable[[str, Any], Any],
) -> Gateway:
    revocations = Revocations(put("Revocations.clock", utc_now))
    keys = JWKSKeys(jwks_url, put("JWKSKeys.http", http), put("JWKSKeys.clock", utc_now))
    verifier = TokenVerifier(
        put("TokenVerifier.keys", keys),
        put("TokenVerifier.clock", utc_now),
        issuer=ISSUER,
        audience=AUDIENCE,
        revocations=put("TokenVerifier.revocations", revocations),
    )
    guard = Guard(put("Guard.verifier", verifier))
    bus = Bus(settings.nats_url, "gateway", replicas=1)
    shared = SharedCounters(put("SharedCounters.bus", bus), put("SharedCounters.clock", utc_now))
    limits = RateLimits(put("RateLimits.shared", shared), put("RateLimits.quotas", settings.quotas))
    browser = BrowserHeaders(Origins(settings.allowed_origins), is_https=False)
    watch = Watch(
        put("Watch.traces", Traces(0.0)),
        put("Watch.lines", AccessLog(lambda _text: None, within=0)),
        put("Watch.browser", browser),
    )
    streams = Streams(
        put("Streams.guard", guard),
        put("Streams.revocations", revocations),
        put("Streams.clock", utc_now),
    )
    proxy = Proxy(put("Proxy.upstreams", upstreams), settings)
    return Gateway(
        settings,
        put("Gateway.watch", watch),
        put("Gateway.table", RouteTable(ROUTES)),
        put("Gateway.guard", guard),
        put("Gateway.limits", limits),
        put("Gateway.streams", streams),
        put("Gateway.proxy", proxy),
        put("Gateway.pages", dict.fromkeys((row.template for row in HERE_ROWS), page)),
    )


async def page(_request: Request) -> Response:
    return PlainTextResponse("here")


def upstreams_at(url: str, put: Callable[[str, Any], Any]) -> tuple[dict[str, Any], Any]:
    settings = GatewaySettings()

    def make(place: Place) -> PooledUpstream:
        return PooledUpstream(
            place.site.url,
            address=place.address,
            connections=10,
            connect_timeout=settings.connect_timeout,
        )

    addresses = Addresses(
        "events",
        [url],
        put("Addresses.make", make),
        resolve=put("Addresses.resolve", resolve_by_system),
        knock=put("Addresses.knock", partial(knock_by_connecting, within=1)),
        clock=put("Addresses.clock", _monotonic),
    )
    upstream = BalancedUpstream(
        "events",
        put("BalancedUpstream.addresses", addresses),
        clock=put("BalancedUpstream.clock", _monotonic),
    )
    return dict.fromkeys(settings.upstream_urls, upstream), addresses.close


def _monotonic() -> float:
    return asyncio.get_running_loop().time()
