"""HTTP of lists: `GET /api/content` and `GET /api/content/trash`."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request, Response
from pydantic import AfterValidator, AwareDatetime, BeforeValidator

from stitch_common.http.bodies import MAX_ID
from stitch_common.http.lists import Cursors, RequestedPage, link_next, set_total
from stitch_common.http.principals import Editor, Viewer
from stitch_content.content.models import ContentType, Status
from stitch_content.content.service import WantedTag
from stitch_content.listing.repository import Filter
from stitch_content.listing.rules import (
    beginning,
    day_or_moment,
    end,
    fields_of,
    order_of,
    words_of,
)
from stitch_content.listing.schemas import ContentListItem, TrashedItem
from stitch_content.listing.service import ListingService, ListPage

router = APIRouter(prefix="/api/content", tags=["Content Management"])

YEARS = range(1900, 2200)


def _in_reach(moment: date) -> date:
    if moment.year not in YEARS:
        raise ValueError(f"The year must be between {YEARS[0]} and {YEARS[-1]}.")
    return moment


Moment = Annotated[AwareDatetime | date, BeforeValidator(day_or_moment), AfterValidator(_in_reach)]
AuthorId = Annotated[int, Query(ge=1, le=MAX_ID)]


async def listing_service(request: Request) -> ListingService:
    runtime = request.app.state.runtime
    return ListingService(runtime.database, Cursors(runtime.settings.cursor_key))


async def requested_filter(
    *,
    content_type: ContentType | None = None,
    status: Status | None = None,
    author_id: AuthorId | None = None,
    tag: WantedTag | None = None,
    search: str | None = None,
    created_from: Moment | None = None,
    created_to: Moment | None = None,
) -> Filter:
    return Filter(
        content_type=content_type,
        status=status,
        author_id=author_id,
        tag=tag,
        search=words_of(search),
        created_from=beginning(created_from),
        created_before=end(created_to),
    )


Listing = Annotated[ListingService, Depends(listing_service)]
RequestedFilter = Annotated[Filter, Depends(requested_filter)]


def answer(request: Request, found: ListPage) -> Response:
    response = Response(found.json, media_type="application/json")
    link_next(request, response, found.next_cursor)
    set_total(response, found.total)
    return response


@router.get("", response_model=list[ContentListItem])
async def list_content(
    request: Request,
    listing: Listing,
    wanted: RequestedFilter,
    page: RequestedPage,
    _user: Viewer,
    sort: str | None = None,
    fields: str | None = None,
) -> Response:
    """By filter; `search` is full text and gives the best of the newest 1000 matches first."""
    order = order_of(sort, searching=wanted.search is not None)
    return answer(request, await listing.find(wanted, order, page, fields_of(fields)))


@router.get("/trash", response_model=list[TrashedItem])
async def list_trash(
    request: Request, listing: Listing, page: RequestedPage, _user: Editor
) -> Response:
    """What lies in the trash, the latest first."""
    return answer(request, await listing.find_trashed(page))
