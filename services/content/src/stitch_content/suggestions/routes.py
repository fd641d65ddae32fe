"""HTTP of suggestions."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from stitch_common.http.bodies import ResourceId
from stitch_common.http.etags import IfMatch, set_etag
from stitch_common.http.principals import Editor
from stitch_common.http.problems import InvalidQueryError, declares
from stitch_common.versioning import StaleVersionError
from stitch_content.content.service import ContentNotFoundError, ContentService, ContentView
from stitch_content.suggestions.adapters import BusAssistant
from stitch_content.suggestions.errors import (
    AIRefusedError,
    AIUnavailableError,
    MustKnowVersionError,
    NothingSuggestedError,
    NothingToReadError,
)
from stitch_content.suggestions.schemas import SuggestionsApplied, SuggestionsView
from stitch_content.suggestions.service import SuggestionService

router = APIRouter(prefix="/api/content", tags=["Content Management"])


async def suggestion_service(request: Request) -> SuggestionService:
    runtime = request.app.state.runtime
    contents = ContentService(runtime.database, runtime.clock)
    return SuggestionService(contents, BusAssistant(runtime.bus), runtime.clock)


async def known_version(request: Request, expected: IfMatch) -> int | None:
    if "if-match" not in request.headers:
        raise MustKnowVersionError
    return expected


Suggesting = Annotated[SuggestionService, Depends(suggestion_service)]
Known = Annotated[int | None, Depends(known_version)]


@router.post(
    "/{content_id}/ai-suggestions",
    responses=declares(
        ContentNotFoundError, NothingToReadError, AIRefusedError, AIUnavailableError
    ),
)
async def suggest(
    content_id: ResourceId, suggesting: Suggesting, response: Response, user: Editor
) -> SuggestionsView:
    """Have titles, a meta description, keywords, improvements and a summary suggested."""
    made = await suggesting.suggest(content_id, user_id=user.user_id)
    set_etag(response, made.version)
    return made


@router.post(
    "/{content_id}/ai-suggestions/apply",
    responses=declares(
        InvalidQueryError,
        ContentNotFoundError,
        NothingSuggestedError,
        StaleVersionError,
        MustKnowVersionError,
    ),
)
async def apply_suggestions(
    content_id: ResourceId,
    user: Editor,
    wanted: SuggestionsApplied,
    suggesting: Suggesting,
    expected: Known,
    response: Response,
) -> ContentView:
    """Take over the named fields into the draft, and nothing else."""
    item = await suggesting.apply(content_id, wanted, expected=expected, user_id=user.user_id)
    set_etag(response, item.version)
    return item
