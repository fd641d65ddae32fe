"""A gateway in front of services that remember: two hops on real sockets."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from services.gateway.tests.conftest import close
from tests.http.wire import FIRM, Recorder, served

from stitch_common.clock import utc_now
from stitch_common.http.strict_limits import Limits
from stitch_common.testing.recording import JWKS, KeySet, Seen
from stitch_gateway.api import create_api
from stitch_gateway.runtime import GatewayRuntime
from stitch_gateway.settings import GatewaySettings

PATIENT = Limits()
"""Of the services: only the gateway's own patience is tested."""


@dataclass(frozen=True, slots=True)
class Street:
    """The gateway's port, and what each service got."""

    port: int
    recorders: dict[str, Recorder]

    @property
    def seen(self) -> list[Seen]:
        return [seen for recorder in self.recorders.values() for seen in recorder.seen]

    def forget(self) -> None:
        for recorder in self.recorders.values():
            recorder.forget()


@asynccontextmanager
async def street(limits: Limits = FIRM, **elsewhere: str) -> AsyncGenerator[Street]:
    """All services are here, but those whose URLs are given."""
    recorders = {name: Recorder() for name in GatewaySettings().upstream_urls}
    async with AsyncExitStack() as servers:
        urls = {}
        for name, recorder in recorders.items():
            app = KeySet(recorder) if name == "auth" else recorder
            port = await servers.enter_async_context(served(app, PATIENT))
            urls[name] = f"http://127.0.0.1:{port}"
        settings = GatewaySettings.model_validate(
            {
                "environment": "test",
                "limits_on": False,
                "connect_timeout": 20,
                "jwks_url": urls["auth"] + JWKS,
                **{f"{name}_url": url for name, url in urls.items()},
                **elsewhere,
            }
        )
        runtime = GatewayRuntime.of("gateway", settings, clock=utc_now)
        servers.push_async_callback(close, runtime)
        yield Street(
            await servers.enter_async_context(served(create_api(runtime), limits)), recorders
        )
