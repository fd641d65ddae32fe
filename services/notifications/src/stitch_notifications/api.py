"""The HTTP side of the service, put together."""

from fastapi import FastAPI

from stitch_common.http.app import create_app
from stitch_common.http.lists import Cursors
from stitch_common.runtime import StoredRuntime
from stitch_notifications.invitations import routes as invitations
from stitch_notifications.invitations.service import InvitationService
from stitch_notifications.letters import routes as letters
from stitch_notifications.letters.service import PreviewService
from stitch_notifications.settings import NotificationsSettings
from stitch_notifications.templates import routes as templates
from stitch_notifications.templates.service import TemplateService

MAX_BODY = 10 * 1024 * 1024
"""A hundred thousand recipients with their names."""

PUBLIC_ROUTES: dict[str, str] = {}


def create_api(runtime: StoredRuntime[NotificationsSettings]) -> FastAPI:
    app = create_app(
        runtime,
        title="Stitch notifications",
        routers=[templates.router, letters.router, invitations.router],
        public_routes=PUBLIC_ROUTES,
        max_body=MAX_BODY,
    )
    app.state.cursors = Cursors(runtime.settings.cursor_key)
    app.state.templates = TemplateService(runtime.database, runtime.clock)
    app.state.previews = PreviewService(runtime.database, runtime.settings)
    app.state.invitations = InvitationService(runtime.database, runtime.clock)
    return app
