"""HTTP for the public and its caches."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Request, Response
from fastapi.responses import RedirectResponse

from stitch_common.http.lists import Cursors, RequestedPage, link_next, set_total
from stitch_common.http.problems import declares
from stitch_content.caching import cacheable, digest_tag, freshness
from stitch_content.content.rules import MAX_SLUG, ContentType
from stitch_content.delivery.errors import NotPublishedError
from stitch_content.delivery.schemas import PublishedItem
from stitch_content.delivery.service import DeliveryService

PREFIX = "/api/content/published"
router = APIRouter(prefix=PREFIX, tags=["Delivery"])

NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "You have it already."}}
MOVED: dict[int | str, dict[str, Any]] = {301: {"description": "It has another slug now."}}

KnownSlug = Annotated[str, Path(pattern=r"^[a-z0-9-]+$", max_length=MAX_SLUG)]


def delivery_service(request: Request) -> DeliveryService:
    runtime = request.app.state.runtime
    return DeliveryService(runtime.database, Cursors(runtime.settings.cursor_key))


Delivery = Annotated[DeliveryService, Depends(delivery_service)]


@router.get("", response_model=list[PublishedItem], responses=NOT_MODIFIED)
async def list_published(
    request: Request,
    delivery: Delivery,
    page: RequestedPage,
    content_type: ContentType | None = None,
    tag: str | None = None,
) -> Response:
    """What is live, the latest first."""
    found = await delivery.list(content_type, tag, page)
    response = cacheable(
        request,
        found.json,
        tag=digest_tag(found.json, found.next_cursor or "", str(found.total)),
        max_age=request.app.state.runtime.settings.public_max_age,
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
    max_age = request.app.state.runtime.settings.public_max_age
    keys = dict.fromkeys(["content", f"content-{live.slug}", f"content-{slug}"])
    if live.slug != slug:
        return RedirectResponse(f"{PREFIX}/{live.slug}", 301, headers=freshness(max_age, keys))
    return cacheable(request, live.json, tag=digest_tag(live.json), max_age=max_age, keys=keys)
