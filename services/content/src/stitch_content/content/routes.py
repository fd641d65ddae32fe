"""HTTP of content: one route a use case."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from stitch_common.http.bodies import ResourceId
from stitch_common.http.etags import IfMatch, set_etag
from stitch_common.http.principals import Admin, Editor, Viewer
from stitch_common.http.problems import InvalidQueryError, declares
from stitch_common.versioning import StaleVersionError
from stitch_content.content.errors import (
    ContentNotFoundError,
    NotInTrashError,
    SlugTakenError,
    VersionRequiredError,
)
from stitch_content.content.models import Status
from stitch_content.content.schemas import ContentCreate, ContentUpdate, ContentView
from stitch_content.content.service import ContentService

router = APIRouter(prefix="/api/content", tags=["Content Management"])


async def content_service(request: Request) -> ContentService:
    runtime = request.app.state.runtime
    return ContentService(runtime.database, runtime.clock)


async def required_version(request: Request, expected: IfMatch) -> int | None:
    """`If-Match`; callers that send `Prefer: handling=strict` (RFC 7240) must send it."""
    preferences = ",".join(request.headers.getlist("prefer")).replace(" ", "").lower()
    is_strict = "handling=strict" in preferences.replace(";", ",").split(",")
    if is_strict and "if-match" not in request.headers:
        raise VersionRequiredError
    return expected


Contents = Annotated[ContentService, Depends(content_service)]
Expected = Annotated[int | None, Depends(required_version)]

CHANGE_PROBLEMS = declares(
    InvalidQueryError, ContentNotFoundError, StaleVersionError, VersionRequiredError
)
SAVE_PROBLEMS = CHANGE_PROBLEMS | declares(SlugTakenError)
TRASH_PROBLEMS = CHANGE_PROBLEMS | declares(NotInTrashError)


def with_etag(response: Response, item: ContentView) -> ContentView:
    set_etag(response, item.version)
    return item


@router.post("", status_code=201, responses=declares(SlugTakenError))
async def create_content(
    new: ContentCreate, contents: Contents, response: Response, user: Editor
) -> ContentView:
    item = await contents.create(new, user.user_id)
    response.headers["location"] = f"/api/content/{item.id}"
    return with_etag(response, item)


@router.get("/{content_id}", responses=declares(ContentNotFoundError))
async def get_content(
    content_id: ResourceId, contents: Contents, response: Response, _user: Viewer
) -> ContentView:
    return with_etag(response, await contents.get(content_id))


@router.put("/{content_id}", responses=SAVE_PROBLEMS)
@router.patch("/{content_id}", responses=SAVE_PROBLEMS)
async def update_content(
    content_id: ResourceId,
    changes: ContentUpdate,
    contents: Contents,
    expected: Expected,
    response: Response,
    user: Editor,
) -> ContentView:
    item = await contents.update(content_id, changes, expected=expected, user_id=user.user_id)
    return with_etag(response, item)


@router.delete("/{content_id}", status_code=204, responses=CHANGE_PROBLEMS)
async def trash_content(
    content_id: ResourceId, contents: Contents, expected: Expected, _user: Editor
) -> None:
    await contents.trash(content_id, expected=expected)


@router.post("/{content_id}/publish", responses=CHANGE_PROBLEMS)
async def publish_content(
    content_id: ResourceId,
    contents: Contents,
    expected: Expected,
    response: Response,
    _user: Editor,
) -> ContentView:
    return with_etag(response, await contents.move(content_id, Status.PUBLISHED, expected=expected))


@router.post("/{content_id}/unpublish", responses=CHANGE_PROBLEMS)
async def unpublish_content(
    content_id: ResourceId,
    contents: Contents,
    expected: Expected,
    response: Response,
    _user: Editor,
) -> ContentView:
    return with_etag(response, await contents.move(content_id, Status.DRAFT, expected=expected))


@router.post("/{content_id}/archive", responses=CHANGE_PROBLEMS)
async def archive_content(
    content_id: ResourceId,
    contents: Contents,
    expected: Expected,
    response: Response,
    _user: Editor,
) -> ContentView:
    return with_etag(response, await contents.move(content_id, Status.ARCHIVED, expected=expected))


@router.post("/{content_id}/restore", responses=TRASH_PROBLEMS)
async def restore_content(
    content_id: ResourceId,
    contents: Contents,
    expected: Expected,
    response: Response,
    _user: Editor,
) -> ContentView:
    return with_etag(response, await contents.restore(content_id, expected=expected))


@router.delete("/{content_id}/purge", status_code=204, responses=TRASH_PROBLEMS)
async def purge_content(
    content_id: ResourceId, contents: Contents, expected: Expected, _user: Admin
) -> None:
    await contents.purge(content_id, expected=expected)
