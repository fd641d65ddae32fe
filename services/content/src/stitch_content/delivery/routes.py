"""HTTP for the public and its caches."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import RedirectResponse

from stitch_common.http.etags import etag
from stitch_common.http.lists import Cursors, RequestedPage, link_next, set_total
from stitch_common.http.problems import declares
from stitch_common.security.sealing import SealedBox
from stitch_content.content.models import ContentType
from stitch_content.content.service import WantedTag
from stitch_content.delivery.errors import NotPublishedError
from stitch_content.delivery.rules import digest_tag, freshness, is_known
from stitch_content.delivery.schemas import PublishedItem
from stitch_content.delivery.service import DeliveryService
from stitch_content.site_settings.service import SiteConfigView, SiteService

PREFIX = "/api/content/published"
router = APIRouter(prefix=PREFIX, tags=["Delivery"])
site_router = APIRouter(prefix="/api/settings", tags=["Settings"])

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "You have it already."}}
MOVED: dict[int | str, dict[str, Any]] = {301: {"description": "It has another slug now."}}

KnownSlug = Annotated[str, Path(pattern=r"^[a-z0-9-]+$")]


async def delivery_service(request: Request) -> DeliveryService:
    runtime = request.app.state.runtime
    return DeliveryService(runtime.database, Cursors(runtime.settings.cursor_key))


async def site_service(request: Request) -> SiteService:
    runtime = request.app.state.runtime
    return SiteService(runtime.database, runtime.clock, SealedBox(runtime.settings.secret_keys))


Delivery = Annotated[DeliveryService, Depends(delivery_service)]
Site = Annotated[SiteService, Depends(site_service)]


def max_age_of(request: Request) -> timedelta:
    max_age: timedelta = request.app.state.runtime.settings.public_max_age
    return max_age


def cacheable(request: Request, json: str, *, tag: str, keys: Iterable[str]) -> Response:
    """The JSON with what caches need to know; `304` without it for those who have it."""
    headers = {"etag": tag, **freshness(max_age_of(request), keys)}
    if is_known(request.headers.getlist("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    return Response(json, media_type="application/json", headers=headers)


@router.get("", response_model=list[PublishedItem], responses=NOT_MODIFIED)
async def list_published(
    request: Request,
    delivery: Delivery,
    page: RequestedPage,
    content_type: ContentType | None = None,
    tag: WantedTag | None = None,
) -> Response:
    """What is live, the latest first."""
    found = await delivery.list(content_type, tag, page)
    response = cacheable(
        request,
        found.json,
        tag=digest_tag(found.json, found.next_cursor or "", str(found.total)),
        keys=["content", "content-list"],
    )
    link_next(request, response, found.next_cursor)
    set_total(response, found.total)
    return response


@router.get(
    "/{slug}",
    response_model=PublishedItem,
    responses=declares(NotPublishedError) | NOT_MODIFIED | MOVED,
)
async def get_published(request: Request, delivery: Delivery, slug: KnownSlug) -> Response:
    """One live item; a slug that it had before leads to its present one."""
    live = await delivery.get(slug)
    keys = ["content", f"content-{live.slug}", f"content-{slug}"]
    if live.slug != slug:
        headers = freshness(max_age_of(request), keys)
        return RedirectResponse(f"{PREFIX}/{live.slug}", 301, headers=headers)
    return cacheable(request, live.json, tag=digest_tag(live.json), keys=keys)


@site_router.get("/config/site", response_model=SiteConfigView, responses=NOT_MODIFIED)
async def get_site_config(request: Request, site: Site) -> Response:
    """The site's configuration: what is stored over the defaults."""
    config = await site.get()
    tag = etag(config.version)
    return cacheable(request, config.model_dump_json(), tag=tag, keys=["site-config"])
