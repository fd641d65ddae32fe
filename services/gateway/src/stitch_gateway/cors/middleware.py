"""Headers that every answer carries for browsers, whoever made it."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from stitch_gateway.cors.rules import Origins
from stitch_gateway.observing.record import record_of

ALWAYS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
}
UNLESS_SAID = {
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
}
DATA_POLICY = "default-src 'none'; frame-ancestors 'none'"
PAGE_POLICY = (
    "default-src 'none'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""For pages of services that have not set a stricter one of their own: no scripts at all."""
HSTS = "max-age=31536000; includeSubDomains"
THROTTLED = 429
"""Who refuses tells of the limit itself, be it a service or the gateway."""


class BrowserHeaders:
    """CORS and security headers, also on errors."""

    def __init__(self, app: ASGIApp, origins: Origins, *, is_https: bool) -> None:
        self._app = app
        self._origins = origins
        self._always = {**ALWAYS, **({"strict-transport-security": HSTS} if is_https else {})}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        granted = self._origins.granted(_origin(scope))

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] != THROTTLED:
                    message["headers"] = [*message["headers"], *record_of(scope).standing]
                self._add(MutableHeaders(scope=message), granted)
            await send(message)

        await self._app(scope, receive, send_with_headers)

    def _add(self, headers: MutableHeaders, granted: dict[str, str]) -> None:
        headers.add_vary_header("Origin")
        headers.update(granted)
        headers.update(self._always)
        for name, value in UNLESS_SAID.items():
            headers.setdefault(name, value)
        is_page = headers.get("content-type", "").startswith("text/html")
        headers.setdefault("content-security-policy", PAGE_POLICY if is_page else DATA_POLICY)


def _origin(scope: Scope) -> str | None:
    given = Headers(scope=scope).getlist("origin")
    return given[0] if len(given) == 1 else None
