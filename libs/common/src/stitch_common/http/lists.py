"""Lists: `limit`, signed keyset cursors, `Link`, and queries that are known or refused."""

import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import Depends, Query, Request, Response, params
from fastapi.dependencies.utils import get_flat_params
from fastapi.routing import APIRoute
from pydantic import SecretStr

from stitch_common.errors import FieldError
from stitch_common.http.bodies import is_storable
from stitch_common.http.problems import InvalidQueryError

MAC_BYTES = 16
MAX_SKIP = 10_000
MAX_LIMIT = 100


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is wanted."""

    limit: int
    skip: int
    cursor: str | None
    count: bool


# Async, as every dependency that does not block: FastAPI runs the others in threads.
async def requested_page(
    limit: Annotated[int, Query(ge=1, le=MAX_LIMIT)] = 50,
    skip: Annotated[int, Query(ge=0, le=MAX_SKIP)] = 0,
    cursor: Annotated[str | None, Query(max_length=1000)] = None,
    *,
    count: bool = False,
) -> Page:
    return Page(limit, skip, cursor, count)


RequestedPage = Annotated[Page, Depends(requested_page)]


class Cursors:
    """Opaque, signed keyset positions; one made for another list or sort order is refused."""

    def __init__(self, key: SecretStr) -> None:
        self._key = key.get_secret_value().encode()

    def encode(self, scope: str, values: Sequence[Any]) -> str:
        """`scope` names the list and its order; `values` are those of the last row shown."""
        payload = json.dumps(list(values), separators=(",", ":"), default=str).encode()
        return urlsafe_b64encode(self._mac(scope, payload) + payload).rstrip(b"=").decode()

    def decode(self, scope: str, cursor: str) -> list[Any]:
        """The values it was made of; InvalidQueryError if it is not ours or not for this list."""
        try:
            raw = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        except ValueError:
            raw = b""
        mac, payload = raw[:MAC_BYTES], raw[MAC_BYTES:]
        if not hmac.compare_digest(mac, self._mac(scope, payload)):
            raise _refused("cursor", "This cursor was not made for this list.")
        values: list[Any] = json.loads(payload)
        return values

    def _mac(self, scope: str, payload: bytes) -> bytes:
        return hmac.new(self._key, scope.encode() + b"\0" + payload, sha256).digest()[:MAC_BYTES]


def link_next(request: Request, response: Response, cursor: str | None) -> None:
    """Point to the following page (RFC 8288), if there is one."""
    if cursor is None:
        return
    kept = [(k, v) for k, v in request.query_params.multi_items() if k not in {"cursor", "skip"}]
    query = urlencode([*kept, ("cursor", cursor)])
    response.headers["link"] = f'<{request.url.path}?{query}>; rel="next"'


def set_total(response: Response, total: int | None) -> None:
    if total is not None:
        response.headers["x-total-count"] = str(total)


async def known_query_only(request: Request) -> None:
    """Refuse query parameters that the route does not have, and name those it has."""
    route = request.scope.get("route")
    if not isinstance(route, APIRoute) or not request.query_params:
        return
    allowed = _query_names(route)
    for name, value in request.query_params.multi_items():
        if name not in allowed:
            known = ", ".join(sorted(allowed)) or "none"
            raise _refused(name, f"Unknown parameter. Allowed here: {known}.")
        if not is_storable(value):
            raise _refused(name, "Must not contain NUL characters.")


def _query_names(route: APIRoute) -> set[str]:
    fields = get_flat_params(route.dependant)
    return {field.alias for field in fields if isinstance(field.field_info, params.Query)}


def _refused(name: str, message: str) -> InvalidQueryError:
    return InvalidQueryError(f"{name}: {message}", errors=[FieldError(f"/query/{name}", message)])
