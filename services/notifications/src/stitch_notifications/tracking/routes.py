"""The unsubscribe link of bulk mails: looking changes nothing, a POST does (RFC 8058)."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Form, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute

from stitch_common.security.links import InvalidLinkError
from stitch_notifications.tracking.adapters import unsubscribe_page
from stitch_notifications.tracking.schemas import UnsubscribeForm
from stitch_notifications.tracking.service import UnsubscribeService


class MailedLinkRoute(APIRoute):
    """A route that people reach from a mail: what others have appended to its link is not read."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        answer = super().get_route_handler()

        async def answer_without_query(request: Request) -> Response:
            request.scope["query_string"] = b""
            return await answer(Request(request.scope, request.receive))

        return answer_without_query


router = APIRouter(
    prefix="/api/notifications", route_class=MailedLinkRoute, include_in_schema=False
)


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
        return unsubscribe_page(await unsubscribing.unsubscribe(token, form.scope))
    except InvalidLinkError:
        return unsubscribe_page(None)
