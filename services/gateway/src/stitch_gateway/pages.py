"""Our own pages and their assets: everything comes from this package, nothing from a network."""

import re
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from stitch_gateway.routing.errors import UnknownRouteError

MEDIA_TYPES = {"css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
FOR_EVER = "public, max-age=31536000, immutable"
CODE = re.compile(r"`([^`]+)`")


def render(template: str, **values: Any) -> str:
    """The page as text."""
    return _templates().get_template(template).render(**values)


def page(html: str, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """An answer with this page, which may load what is ours and nothing else."""
    policy = {"content-security-policy": POLICY, "cache-control": "no-cache"}
    return HTMLResponse(html, status, headers=policy | (headers or {}))


async def asset(request: Request) -> Response:
    """A file of ours; its address changes with its content, so it may be kept for ever."""
    name = request.path_params["name"]
    known = _assets()
    if name not in known:
        raise UnknownRouteError
    headers = {"cache-control": FOR_EVER, "cross-origin-resource-policy": "same-origin"}
    return Response(known[name], media_type=MEDIA_TYPES[name.rpartition(".")[2]], headers=headers)


def address_of(name: str) -> str:
    """Where a page finds this asset."""
    return f"/assets/{name}?v={sha256(_assets()[name]).hexdigest()[:12]}"


def as_text(text: str) -> Markup:
    """Paragraphs and `code` of a description, everything else escaped."""
    paragraphs = [CODE.sub(r"<code>\1</code>", str(escape(part))) for part in text.split("\n\n")]
    return Markup("".join(f"<p>{part}</p>" for part in paragraphs if part.strip()))  # noqa: S704 - escaped above


@cache
def _assets() -> dict[str, bytes]:
    folder = files("stitch_gateway").joinpath("assets")
    return {entry.name: entry.read_bytes() for entry in folder.iterdir()}


@cache
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("stitch_gateway", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals["asset"] = address_of
    environment.filters["as_text"] = as_text
    return environment
