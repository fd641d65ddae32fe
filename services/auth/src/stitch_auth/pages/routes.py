"""The pages behind mailed links; only their buttons change anything."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.responses import HTMLResponse

from stitch_auth.callers.service import CurrentCaller
from stitch_auth.objections.service import (
    ADDRESS_LOST,
    ALREADY_OBJECTED,
    OBJECTION_ERRORS,
    ObjectionService,
)
from stitch_auth.pages.adapters import PageRenderer
from stitch_auth.pages.rules import WHAT_HAPPENED, NotMePage, Page, ResetPage
from stitch_auth.pages.schemas import PasswordForm
from stitch_auth.passwords.service import HASHING_ERRORS
from stitch_auth.recovery.service import RecoveryService
from stitch_auth.verification.service import (
    ALREADY_USED,
    VERIFICATION_ERRORS,
    VerificationService,
)
from stitch_common.errors import StitchError
from stitch_common.security.links import InvalidLinkError

router = APIRouter(tags=["Pages"], include_in_schema=False)


async def verification_service(request: Request) -> VerificationService:
    service: VerificationService = request.app.state.verifications
    return service


async def recovery_service(request: Request) -> RecoveryService:
    service: RecoveryService = request.app.state.recovery
    return service


async def objection_service(request: Request) -> ObjectionService:
    service: ObjectionService = request.app.state.objections
    return service


async def page_renderer(request: Request) -> PageRenderer:
    renderer: PageRenderer = request.app.state.pages
    return renderer


Verifications = Annotated[VerificationService, Depends(verification_service)]
Recovery = Annotated[RecoveryService, Depends(recovery_service)]
Objections = Annotated[ObjectionService, Depends(objection_service)]
Pages = Annotated[PageRenderer, Depends(page_renderer)]


@router.api_route("/verify-email/{token}", methods=["GET", "HEAD"])
async def show_verification(token: str, verifications: Verifications, pages: Pages) -> HTMLResponse:
    """Ask for the click that counts: mail scanners open links, too."""
    try:
        email = await verifications.inspect(token)
    except StitchError as error:
        return pages.render(_page_of(error))
    return pages.render(Page.ASK, email=email)


@router.post("/verify-email/{token}")
async def confirm_address(
    token: str, verifications: Verifications, pages: Pages, caller: CurrentCaller
) -> HTMLResponse:
    try:
        await verifications.confirm(token, caller)
    except StitchError as error:
        return pages.render(_page_of(error))
    return pages.render(Page.CONFIRMED)


def _page_of(error: StitchError) -> Page:
    if isinstance(error, ALREADY_USED):
        return Page.ALREADY
    if isinstance(error, VERIFICATION_ERRORS):
        return Page.INVALID
    raise error


@router.api_route("/reset-password/{token}", methods=["GET", "HEAD"])
async def show_reset(token: str, recovery: Recovery, pages: Pages) -> HTMLResponse:
    """Ask for the new password."""
    try:
        user = await recovery.inspect(token)
    except InvalidLinkError:
        return pages.render(ResetPage.INVALID)
    return pages.render(ResetPage.ASK, email=user.email)


@router.post("/reset-password/{token}")
async def set_password(
    token: str,
    form: Annotated[PasswordForm, Form()],
    recovery: Recovery,
    pages: Pages,
    caller: CurrentCaller,
) -> HTMLResponse:
    try:
        user = await recovery.inspect(token)
        await recovery.confirm(token, form.password.get_secret_value(), caller)
    except InvalidLinkError:
        return pages.render(ResetPage.INVALID)
    except HASHING_ERRORS as error:
        return pages.render(ResetPage.ASK, email=user.email, problem=error.detail)
    return pages.render(ResetPage.DONE)


@router.api_route("/not-me/{token}", methods=["GET", "HEAD"])
async def show_objection(token: str, objections: Objections, pages: Pages) -> HTMLResponse:
    """Say what was done, and ask whether it was somebody else."""
    try:
        notice = await objections.inspect(token)
    except OBJECTION_ERRORS as error:
        return pages.render(_not_me_page_of(error))
    happened = WHAT_HAPPENED[notice.about]
    return pages.render(NotMePage.ASK, email=notice.email, happened=happened, at=notice.created_at)


@router.post("/not-me/{token}")
async def take_back(
    token: str, objections: Objections, pages: Pages, caller: CurrentCaller
) -> HTMLResponse:
    try:
        await objections.confirm(token, caller)
    except OBJECTION_ERRORS as error:
        return pages.render(_not_me_page_of(error))
    return pages.render(NotMePage.DONE)


def _not_me_page_of(error: StitchError) -> NotMePage:
    if isinstance(error, ALREADY_OBJECTED):
        return NotMePage.ALREADY
    return NotMePage.LOST if isinstance(error, ADDRESS_LOST) else NotMePage.INVALID
