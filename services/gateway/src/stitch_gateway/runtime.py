"""What the gateway's process is made of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Self

from stitch_common.bus.connection import Bus
from stitch_common.clock import Clock, utc_now
from stitch_common.runtime import Runtime, http_client, verifier_of
from stitch_gateway.balancing.addresses import Addresses
from stitch_gateway.balancing.service import BalancedUpstream
from stitch_gateway.balancing.sites import Place, knock_by_connecting, resolve_by_system
from stitch_gateway.observing.lines import AccessLog
from stitch_gateway.proxying.pool import PooledUpstream
from stitch_gateway.proxying.upstream import Upstream
from stitch_gateway.settings import GatewaySettings


@dataclass(frozen=True, slots=True)
class GatewayRuntime(Runtime[GatewaySettings]):
    """A runtime with a way to every service."""

    upstreams: Mapping[str, Upstream]
    lines: AccessLog

    @classmethod
    def of(cls, service: str, settings: GatewaySettings, *, clock: Clock = utc_now) -> Self:
        """Build without touching the network."""
        bus = Bus(settings.nats_url, service, replicas=settings.stream_replicas)
        http = http_client()
        verifier = verifier_of(settings, http, clock)
        upstreams = upstreams_of(settings)
        return cls(service, settings, clock, bus, http, verifier, upstreams, AccessLog())

    async def close(self) -> None:
        await self.bus.close()
        await self.http.aclose()
        for upstream in self.upstreams.values():
            await upstream.close()
        self.lines.flush()


def upstreams_of(settings: GatewaySettings) -> dict[str, Upstream]:
    return {
        service: balanced(service, urls, settings)
        for service, urls in settings.upstream_urls.items()
    }


def balanced(service: str, urls: Iterable[str], settings: GatewaySettings) -> BalancedUpstream:
    """A service at all the addresses that these URLs lead to."""

    def make(place: Place) -> PooledUpstream:
        return PooledUpstream(
            place.site.url,
            address=place.address,
            connections=settings.upstream_connections,
            connect_timeout=settings.connect_timeout,
        )

    knock = partial(knock_by_connecting, within=settings.connect_timeout.total_seconds())
    addresses = Addresses(service, urls, make, resolve=resolve_by_system, knock=knock)
    return BalancedUpstream(service, addresses)
