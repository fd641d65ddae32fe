"""The page behind a mailed verification link; only its button changes anything."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse

from stitch_auth.callers.service import CurrentCaller
from stitch_auth.pages.adapters import PageRenderer
from stitch_auth.pages.rules import Page
from stitch_auth.registration.service import VerificationService
from stitch_common.errors import ErrorKind, StitchError

router = APIRouter(prefix="/verify-email", tags=["Pages"], include_in_schema=False)


def verification_service(request: Request) -> VerificationService:
    service: VerificationService = request.app.state.verifications
    return service


def page_renderer(request: Request) -> PageRenderer:
    renderer: PageRenderer = request.app.state.pages
    return renderer


Verifications = Annotated[VerificationService, Depends(verification_service)]
Pages = Annotated[PageRenderer, Depends(page_renderer)]


@router.api_route("/{token}", methods=["GET", "HEAD"])
async def show_verification(token: str, verifications: Verifications, pages: Pages) -> HTMLResponse:
    """Ask for the click that counts: mail scanners open links, too."""
    try:
        user = await verifications.inspect(token)
    except StitchError as error:
        return pages.render(_page_of(error))
    return pages.render(Page.ASK, email=user.email)


@router.post("/{token}")
async def confirm_address(
    token: str, verifications: Verifications, pages: Pages, caller: CurrentCaller
) -> HTMLResponse:
    try:
        await verifications.confirm(token, caller)
    except StitchError as error:
        return pages.render(_page_of(error))
    return pages.render(Page.CONFIRMED)


def _page_of(error: StitchError) -> Page:
    if error.kind is ErrorKind.CONFLICT:
        return Page.ALREADY
    if error.kind is ErrorKind.NOT_FOUND:
        return Page.INVALID
    raise error
