"""`/`, `/healthz` and `/readyz`."""

import httpx
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from stitch_common.context import request_id
from stitch_common.errors import ErrorKind, StitchError
from stitch_gateway.errors import answer_to
from stitch_gateway.pages import page, render
from stitch_gateway.settings import GatewaySettings

PATIENCE = 2.0
HEADINGS = {
    ErrorKind.NOT_FOUND: "There is no such page",
    ErrorKind.UNAVAILABLE: "Back in a moment",
    ErrorKind.TIMEOUT: "This takes too long",
}
OTHERWISE = "This did not work"
ANYWHERE = {"0.0.0.0": "127.0.0.1", "::": "[::1]", "": "127.0.0.1"}


class SiteRoutes:
    """The gateway's own pages."""

    def __init__(self, settings: GatewaySettings, http: httpx.AsyncClient) -> None:
        host = ANYWHERE.get(settings.listen_host, settings.listen_host)
        self._ops_url = f"http://{host}:{settings.ops_port}"
        self._settings = settings
        self._http = http

    async def landing(self, _request: Request) -> Response:
        settings = self._settings
        return page(
            render(
                "landing.html", mail_page_url=settings.mail_page_url, public_url=settings.public_url
            )
        )

    async def healthz(self, _request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def readyz(self, _request: Request) -> Response:
        """What the ops port says, without its reasons: they are nobody's business out here."""
        try:
            told = await self._http.get(f"{self._ops_url}/readyz", timeout=PATIENCE)
            is_ready = told.status_code == httpx.codes.OK
        except httpx.HTTPError:
            is_ready = False
        status = "ready" if is_ready else "not-ready"
        return JSONResponse({"status": status}, 200 if is_ready else 503)


def error_page(error: StitchError, path: str) -> Response:
    """The same refusal for somebody who looks at it in a browser."""
    problem = answer_to(error, path)
    headers = {k: v for k, v in problem.headers.items() if not k.startswith("content-")}
    html = render(
        "error.html",
        status=problem.status_code,
        heading=HEADINGS.get(error.kind, OTHERWISE),
        detail=error.detail,
        request_id=request_id.get(),
    )
    return page(html, problem.status_code, headers | {"cache-control": "no-store"})
