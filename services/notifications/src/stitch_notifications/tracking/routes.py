"""The unsubscribe link of bulk mails: looking changes nothing, a POST does (RFC 8058)."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from fastapi.responses import HTMLResponse

from stitch_common.security.links import InvalidLinkError
from stitch_notifications.tracking.adapters import unsubscribe_page
from stitch_notifications.tracking.rules import Scope
from stitch_notifications.tracking.schemas import UnsubscribeForm
from stitch_notifications.tracking.service import UnsubscribeService

router = APIRouter(prefix="/api/notifications", include_in_schema=False)


async def unsubscribe_service(request: Request) -> UnsubscribeService:
    service: UnsubscribeService = request.app.state.unsubscribing
    return service


Unsubscribing = Annotated[UnsubscribeService, Depends(unsubscribe_service)]


@router.api_route("/unsubscribe/{token}", methods=["GET", "HEAD"])
async def show_unsubscribe_page(token: str, unsubscribing: Unsubscribing) -> HTMLResponse:
    try:
        return unsubscribe_page(await unsubscribing.look(token))
    except InvalidLinkError:
        return unsubscribe_page(None)


@router.post("/unsubscribe/{token}")
async def unsubscribe(
    token: str, form: Annotated[UnsubscribeForm, Form()], unsubscribing: Unsubscribing
) -> HTMLResponse:
    try:
        if form.undo:
            return unsubscribe_page(await unsubscribing.undo(token))
        found = await unsubscribing.unsubscribe(token, form.scope)
    except InvalidLinkError:
        return unsubscribe_page(None)
    return unsubscribe_page(found, about_all=form.scope is Scope.ALL)
