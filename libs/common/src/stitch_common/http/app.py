"""The FastAPI application of a service, with the defaults that all services share."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from fastapi import APIRouter, Depends, FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.middleware import Middleware

from stitch_common.http import problems
from stitch_common.http.description import describe_problems
from stitch_common.http.heads import HeadIsGet
from stitch_common.http.idempotency import Idempotency
from stitch_common.http.idempotency_keys import StoredKeys
from stitch_common.http.lists import known_query_only
from stitch_common.http.metrics import RequestMetrics
from stitch_common.http.middleware import BodyLimit, RequestContext, TrailingSlash
from stitch_common.http.principals import current_principal
from stitch_common.http.problems import InvalidBodyError, InvalidQueryError, declares
from stitch_common.http.spans import Spans
from stitch_common.runtime import StoredRuntime

MAX_BODY = 1024 * 1024


class UnguardedRouteError(Exception):
    """A route has neither a principal nor a place in the list of public routes."""


def create_app(
    runtime: StoredRuntime[Any],
    *,
    title: str,
    routers: Sequence[APIRouter],
    public_routes: Mapping[str, str],
    max_body: int = MAX_BODY,
) -> FastAPI:
    """Every route has a principal or is in `public_routes`: `"GET /path"` → the reason."""
    keys = StoredKeys(runtime.database, runtime.schema)
    app = FastAPI(
        title=title,
        version="1",
        # `Spans` does it, or every request had two spans.
        telemetry={"tracing": False, "metrics": False, "logs": False, "operation_spans": False},
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        dependencies=[Depends(known_query_only)],
        responses=declares(InvalidQueryError, InvalidBodyError),
        middleware=[
            Middleware(Spans),
            Middleware(RequestContext),
            Middleware(RequestMetrics),
            Middleware(TrailingSlash),
            Middleware(HeadIsGet),
            Middleware(BodyLimit, max_body=max_body),
            Middleware(
                Idempotency,
                keys=keys,
                verifier=runtime.verifier,
                secret=runtime.settings.cursor_key,
            ),
        ],
    )
    app.state.verifier = runtime.verifier
    app.state.runtime = runtime
    for router in routers:
        app.include_router(router)
    problems.install(app)
    check_guards(app, public_routes)
    describe_problems(app)
    return app


def guarded_routes(app: FastAPI) -> Iterator[tuple[str, bool]]:
    """Every route as `"METHOD /path"`, and whether it asks for a principal."""
    for route in iter_route_contexts(app.routes):
        dependant = getattr(route, "dependant", None)
        if isinstance(dependant, Dependant):
            for method in sorted(route.methods or ()):
                yield f"{method} {route.path}", _asks_for_principal(dependant)


def check_guards(app: FastAPI, public_routes: Mapping[str, str]) -> None:
    """Refuse to build an application with a route that anybody could use by mistake."""
    routes = dict(guarded_routes(app))
    open_routes = {route for route, is_guarded in routes.items() if not is_guarded}
    if open_routes != set(public_routes):
        unlisted, absent = open_routes - set(public_routes), set(public_routes) - open_routes
        raise UnguardedRouteError(f"not listed as public: {unlisted}; not public: {absent}")


def _asks_for_principal(dependant: Dependant) -> bool:
    return dependant.call is current_principal or any(
        _asks_for_principal(inner) for inner in dependant.dependencies
    )
