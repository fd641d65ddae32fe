"""The gateway's application, put together."""

from starlette.types import ASGIApp

from stitch_common.http.metrics import RequestMetrics
from stitch_common.http.middleware import RequestContext
from stitch_gateway.authentication.service import Guard
from stitch_gateway.cors.middleware import BrowserHeaders
from stitch_gateway.cors.rules import Origins
from stitch_gateway.gateway import Gateway
from stitch_gateway.observing.middleware import Observed
from stitch_gateway.proxying.service import Proxy
from stitch_gateway.routing.rules import RouteTable
from stitch_gateway.routing.table import ROUTES
from stitch_gateway.runtime import GatewayRuntime


def create_api(runtime: GatewayRuntime) -> ASGIApp:
    settings = runtime.settings
    gateway = Gateway(
        settings,
        RouteTable(ROUTES),
        Guard(runtime.verifier),
        Proxy(runtime.upstreams, settings),
        pages={},
    )
    # From the outside in: what is sent last is seen first by none but the outermost.
    return BrowserHeaders(
        RequestContext(RequestMetrics(Observed(gateway))),
        Origins(settings.allowed_origins),
        is_https=settings.public_url.startswith("https:"),
    )
