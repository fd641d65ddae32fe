"""The gateway's application, put together."""

from collections.abc import Mapping

from stitch_common.limits.counters import SharedCounters
from stitch_gateway.authentication.service import Guard
from stitch_gateway.cors.answers import BrowserHeaders
from stitch_gateway.cors.rules import Origins
from stitch_gateway.docs.routes import ReferenceRoutes
from stitch_gateway.docs.service import ReferenceService
from stitch_gateway.gateway import Gateway, Page
from stitch_gateway.limits.service import RateLimits
from stitch_gateway.observing.service import Watch
from stitch_gateway.observing.trace import Traces
from stitch_gateway.pages import asset
from stitch_gateway.proxying.service import Proxy
from stitch_gateway.routing.rules import RouteTable
from stitch_gateway.routing.table import ROUTES
from stitch_gateway.runtime import GatewayRuntime
from stitch_gateway.site.routes import SiteRoutes
from stitch_gateway.streaming.service import Streams


def create_api(runtime: GatewayRuntime) -> Gateway:
    settings = runtime.settings
    guard = Guard(runtime.verifier)
    streams = Streams(guard, runtime.verifier.revocations, runtime.clock)
    return Gateway(
        settings,
        _watch(runtime),
        RouteTable(ROUTES),
        guard,
        RateLimits(SharedCounters(runtime.bus, runtime.clock), settings.quotas),
        streams,
        Proxy(runtime.upstreams, settings),
        _pages(runtime),
    )


def _watch(runtime: GatewayRuntime) -> Watch:
    settings = runtime.settings
    is_https = settings.public_url.startswith("https:")
    return Watch(
        Traces(settings.trace_sample_ratio),
        runtime.lines,
        BrowserHeaders(Origins(settings.allowed_origins), is_https=is_https),
    )


def _pages(runtime: GatewayRuntime) -> Mapping[str, Page]:
    settings = runtime.settings
    site = SiteRoutes(settings, runtime.http)
    reference = ReferenceRoutes(
        ReferenceService(runtime.upstreams, runtime.clock, public_url=settings.public_url)
    )
    return {
        "/": site.landing,
        "/docs": reference.page,
        "/openapi.json": reference.document,
        "/assets/{name}": asset,
        "/healthz": site.healthz,
        "/readyz": site.readyz,
    }
