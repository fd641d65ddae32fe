"""The HTTP side of the service, put together."""

from datetime import timedelta
from functools import partial

from fastapi import FastAPI

from stitch_common.http.app import create_app
from stitch_common.http.lists import Cursors
from stitch_common.runtime import StoredRuntime
from stitch_common.security.links import LinkSigner
from stitch_notifications.audience.adapters import BusOwner
from stitch_notifications.audience.service import Introductions
from stitch_notifications.communications import routes as communications
from stitch_notifications.communications.service import CommunicationService
from stitch_notifications.invitations import routes as invitations
from stitch_notifications.invitations.service import BatchService, InvitationService
from stitch_notifications.letters import routes as letters
from stitch_notifications.letters.service import LetterWriter, PreviewService
from stitch_notifications.reminders import routes as reminders
from stitch_notifications.reminders.service import ReminderService
from stitch_notifications.sending import routes as sending
from stitch_notifications.sending.adapters import MailServer, SMTPMailer
from stitch_notifications.sending.service import TestMailService
from stitch_notifications.settings import NotificationsSettings
from stitch_notifications.templates import routes as templates
from stitch_notifications.templates.service import TemplateService
from stitch_notifications.tracking import routes as tracking
from stitch_notifications.tracking.service import UnsubscribeService

MAX_BODY = 10 * 1024 * 1024
"""A hundred thousand recipients with their names."""

PATIENCE = timedelta(seconds=15)
"""How long somebody who tests the mail server waits for each of its answers."""

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
        routers=[
            templates.router,
            letters.router,
            sending.router,
            tracking.router,
            communications.router,
            invitations.router,
            reminders.router,
        ],
        public_routes=PUBLIC_ROUTES,
        max_body=MAX_BODY,
    )
    _provide_services(app, runtime)
    return app


def _provide_services(app: FastAPI, runtime: StoredRuntime[NotificationsSettings]) -> None:
    settings, database, clock = runtime.settings, runtime.database, runtime.clock
    links = LinkSigner(settings.link_keys, clock)
    patience = min(settings.smtp_timeout, PATIENCE)
    server = MailServer.of(settings.model_copy(update={"smtp_timeout": patience}))
    give_up_after = settings.give_up_after
    app.state.cursors = Cursors(settings.cursor_key)
    app.state.templates = TemplateService(database, clock)
    app.state.previews = PreviewService(database, settings)
    app.state.test_mails = TestMailService(
        LetterWriter(settings, links, clock), partial(SMTPMailer, server)
    )
    app.state.unsubscribing = UnsubscribeService(database, links, clock)
    app.state.communications = CommunicationService(database, clock, give_up_after=give_up_after)
    introductions = Introductions(database, BusOwner(runtime.bus))
    app.state.batches = BatchService(database)
    app.state.invitations = InvitationService(database, clock, introductions)
    app.state.reminders = ReminderService(
        database, clock, introductions, give_up_after=give_up_after
    )
