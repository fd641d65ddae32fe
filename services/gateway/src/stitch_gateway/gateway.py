"""The way of a request: read, find its row, admit, answer here or hand on."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from stitch_common.errors import StitchError
from stitch_common.http.cycle import CLIENT, Client
from stitch_common.http.middleware import answer_to_failure
from stitch_common.security.principals import Principal
from stitch_gateway.authentication.service import Guard
from stitch_gateway.cors.rules import Origins, preflight_headers
from stitch_gateway.errors import answer_to
from stitch_gateway.intake.body import ClientLeftError
from stitch_gateway.intake.head import Fields, Head, read_head
from stitch_gateway.observing.exchange import Exchange
from stitch_gateway.observing.service import Watch
from stitch_gateway.proxying.clients import client_address
from stitch_gateway.proxying.service import Passage, Proxy
from stitch_gateway.routing.models import Route
from stitch_gateway.routing.rules import RouteTable
from stitch_gateway.routing.table import HERE
from stitch_gateway.settings import GatewaySettings
from stitch_gateway.site.routes import error_page
from stitch_gateway.streaming.errors import AnswerCutShortError
from stitch_gateway.streaming.patience import Patience
from stitch_gateway.streaming.service import Streams

Page = Callable[[Request], Awaitable[Response]]
"""What the gateway answers itself."""


class Limits(Protocol):
    """How much each may ask."""

    def knock(self, route: Route, client: str) -> None:
        """Count a request before any work is done for it; an error of the kind THROTTLED refuses.

        `client` is the address as `client_address` has it.
        """

    async def admit(
        self, route: Route, method: str, *, client: str, principal: Principal | None
    ) -> Fields:
        """What the answer tells about the limit; an error of the kind THROTTLED refuses.

        Counts that this process keeps itself are looked up without a suspension: this is the hot
        path.
        """


class Gateway:
    """A plain ASGI application."""

    def __init__(
        self,
        settings: GatewaySettings,
        watch: Watch,
        table: RouteTable,
        guard: Guard,
        limits: Limits,
        streams: Streams,
        proxy: Proxy,
        pages: Mapping[str, Page],
    ) -> None:
        self._trusted = settings.trusted_proxies
        self._origins = Origins(settings.allowed_origins)
        self._watch = watch
        self._table = table
        self._guard = guard
        self._limits = limits
        self._streams = streams
        self._proxy = proxy
        self._pages = pages

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = self._watch.open(scope, send)
        try:
            await self._answer_or_refuse(exchange, scope, receive)
        except Exception as error:
            exchange.outcome = "internal-error"
            answer = answer_to_failure(error, scope)
            if exchange.has_begun:
                raise
            await answer(scope, receive, exchange.send)
        finally:
            self._watch.close(exchange)

    def dress_refusal(self, fields: Fields, asked: Fields) -> Fields:
        """What the protocol below answers to `asked` itself, with what browsers need of it."""
        return self._watch.dress(fields, asked)

    async def _answer_or_refuse(self, exchange: Exchange, scope: Scope, receive: Receive) -> None:
        client: Client = scope["extensions"][CLIENT]
        client.when_it_leaves(client.task.cancel)
        try:
            with Patience(self._streams, client.task) as patience:
                await self._answer(exchange, scope, receive, patience)
        except StitchError as error:
            exchange.outcome = error.code
            await _refuse(error, scope, receive, exchange.send)
        except ClientLeftError:
            exchange.lose_client()
        except AnswerCutShortError as error:
            # Returning without the end of the answer closes the connection: the client sees it.
            exchange.outcome = error.outcome
        except asyncio.CancelledError:
            if not client.has_left:
                raise
            exchange.lose_client()

    async def _answer(
        self, exchange: Exchange, scope: Scope, receive: Receive, patience: Patience
    ) -> None:
        head = read_head(scope)
        if head.method == "OPTIONS":
            await self._tell_options(head)(scope, receive, exchange.send)
            return
        match = self._table.find(head.method, head.path)
        route = match.route
        scope["route"], exchange.template, exchange.upstream = route, route.path, route.upstream
        client = self._address(scope, head)
        self._limits.knock(route, client)
        admission = await self._guard.admit(route.access, head.single.get(b"authorization"))
        principal = admission.principal
        exchange.user_id = principal.user_id if principal is not None else None
        exchange.standing = await self._limits.admit(
            route, head.method, client=client, principal=principal
        )
        patience.admitted(route.access, admission)
        if route.upstream == HERE:
            request = Request({**scope, "path_params": match.values}, receive)
            answer = await self._pages[route.template](request)
            await answer(scope, receive, exchange.send)
            return
        passage = Passage(exchange, head, match, admission, client)
        await self._proxy.forward(passage, receive, exchange.send, patience)

    def _tell_options(self, head: Head) -> Response:
        """A preflight is answered here; no service ever sees one."""
        methods = self._table.methods(head.path)
        allow = {"allow": ", ".join(sorted(methods))}
        is_granted = self._origins.allows(head.single.get(b"origin", b"").decode("latin-1"))
        return Response(
            status_code=204, headers=allow | dict(preflight_headers(methods) if is_granted else {})
        )

    def _address(self, scope: Scope, head: Head) -> str:
        peer = scope["client"][0] if scope.get("client") else None
        return client_address(peer, head.forwarded_for, self._trusted)


async def _refuse(error: StitchError, scope: Scope, receive: Receive, send: Send) -> None:
    headers = Headers(scope=scope)
    make = error_page if _wants_page(scope, headers) else answer_to
    answer = make(error, scope["path"])
    if "expect" in headers:
        # The client may or may not send its body now; only the end of the connection is clear.
        answer.headers["connection"] = "close"
    await answer(scope, receive, send)


def _wants_page(scope: Scope, headers: Headers) -> bool:
    route = scope.get("route")
    is_api = not route.is_page if isinstance(route, Route) else scope["path"].startswith("/api/")
    return not is_api and "text/html" in headers.get("accept", "")
