"""The HTTP side of the service, put together."""

from fastapi import FastAPI

from stitch_common.http.app import create_app
from stitch_common.http.lists import Cursors
from stitch_common.runtime import StoredRuntime
from stitch_common.security.links import LinkSigner
from stitch_notifications.invitations import routes as invitations
from stitch_notifications.invitations.service import InvitationService
from stitch_notifications.letters import routes as letters
from stitch_notifications.letters.service import PreviewService
from stitch_notifications.settings import NotificationsSettings
from stitch_notifications.templates import routes as templates
from stitch_notifications.templates.service import TemplateService
from stitch_notifications.tracking import routes as tracking
from stitch_notifications.tracking.service import UnsubscribeService

MAX_BODY = 10 * 1024 * 1024
"""A hundred thousand recipients with their names."""

_BY_LINK = "the recipient of a mail has no account; the link's signature is the credential"

PUBLIC_ROUTES = {
    "GET /api/notifications/unsubscribe/{token}": _BY_LINK,
    "HEAD /api/notifications/unsubscribe/{token}": _BY_LINK,
    "POST /api/notifications/unsubscribe/{token}": _BY_LINK,
}


def create_api(runtime: StoredRuntime[NotificationsSettings]) -> FastAPI:
    app = create_app(
        runtime,
        title="Stitch notifications",
        routers=[templates.router, letters.router, tracking.router, invitations.router],
        public_routes=PUBLIC_ROUTES,
        max_body=MAX_BODY,
    )
    links = LinkSigner(runtime.settings.link_keys, runtime.clock)
    app.state.cursors = Cursors(runtime.settings.cursor_key)
    app.state.templates = TemplateService(runtime.database, runtime.clock)
    app.state.previews = PreviewService(runtime.database, runtime.settings)
    app.state.invitations = InvitationService(runtime.database, runtime.clock)
    app.state.unsubscribing = UnsubscribeService(runtime.database, links, runtime.clock)
    return app
