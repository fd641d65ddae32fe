"""`/healthz`, `/readyz` and `/metrics`, on a port that the gateway does not route."""

from collections.abc import Awaitable, Callable, Mapping

from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ReadinessCheck = Callable[[], Awaitable[str | None]]
"""None when ready, else the reason why not; it must answer fast."""


def create_ops_app(checks: Mapping[str, ReadinessCheck]) -> Starlette:
    """Liveness asks nobody; readiness asks everything that an answer depends on."""

    async def healthz(_request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(_request: Request) -> Response:
        found = {name: await check() for name, check in checks.items()}
        is_ready = not any(found.values())
        body = {"status": "ready" if is_ready else "not-ready", "checks": found}
        return JSONResponse(body, 200 if is_ready else 503)

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return Starlette(
        routes=[Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]
    )
