"""The routing table: what it does not name does not exist; what is not public needs a token."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from stitch_gateway.routing.models import (
    BEARER,
    GUEST,
    IMPORT_BODY,
    PATIENT,
    PROMPT_BODY,
    Access,
    Moved,
    Route,
    RouteClass,
    public,
)

HERE = "gateway"
"""The upstream of what the gateway answers itself."""

LINK_IN_PATH = public("the token in the path is the credential")
OPEN_TO_READ = public("everybody may read what is published")
ABOUT_THE_API = public("it says what this is and what it offers")
MAILED_TOKEN = public("the mailed token is the credential")
ORCHESTRATORS = public("an orchestrator has no credentials")
GUESTS = public("guests have no account")

GUEST_CLASS, LOG_IN, MAIL = RouteClass.GUEST, RouteClass.LOG_IN, RouteClass.MAIL
PROMPT, IMPORT, PROBE = RouteClass.PROMPT, RouteClass.IMPORT, RouteClass.PROBE


def row(methods: str, path: str, access: Access = BEARER, **options: Any) -> Route:
    """One row, before it is known whose it is; GET always brings HEAD."""
    taken = frozenset(methods.replace("GET", "GET HEAD").split())
    return Route(taken, path, upstream="", access=access, **options)


def rows_of(upstream: str, prefix: str, rows: Iterable[Route]) -> Iterator[Route]:
    """These rows, put under a prefix and into a service's care."""
    for each in rows:
        yield replace(each, template=prefix + each.template, upstream=upstream)


HERE_ROWS = (
    row("GET", "/", ABOUT_THE_API, is_page=True),
    row("GET", "/docs", ABOUT_THE_API, is_page=True),
    row("GET", "/openapi.json", ABOUT_THE_API),
    row("GET", "/assets/{name}", ABOUT_THE_API),
    row("GET", "/healthz", ORCHESTRATORS, limited_as=PROBE),
    row("GET", "/readyz", ORCHESTRATORS, limited_as=PROBE),
)

AUTH_ROWS = (
    row("POST", "/register", public("nobody has an account before"), limited_as=MAIL),
    row("POST", "/verify-email", MAILED_TOKEN, limited_as=LOG_IN),
    row("POST", "/verify-email/resend", public("nobody can log in before"), limited_as=MAIL),
    row(
        "POST",
        "/token",
        public("the password or API key is the credential", "basic"),
        limited_as=LOG_IN,
    ),
    row("POST", "/refresh", public("the refresh token is the credential")),
    row("POST", "/logout"),
    row("POST", "/logout-all"),
    row("POST", "/password-reset", public("who asks has lost the password"), limited_as=MAIL),
    row("POST", "/password-reset/confirm", MAILED_TOKEN, limited_as=LOG_IN),
    row("POST", "/not-me", MAILED_TOKEN, limited_as=LOG_IN),
    row("GET", "/.well-known/jwks.json", public("public keys")),
    row("GET", "/.well-known/oauth-authorization-server", public("RFC 8414 metadata")),
    row("GET PATCH", "/me"),
    row("POST", "/me/password", limited_as=LOG_IN),
    row("POST", "/me/email", limited_as=MAIL),
    row("GET", "/me/sessions"),
    row("DELETE", "/me/sessions/{session_id}"),
    row("POST DELETE", "/me/mfa/totp"),
    row("POST", "/me/mfa/totp/confirm", limited_as=LOG_IN),
    row("GET", "/users"),
    row("POST", "/users", limited_as=MAIL),
    row("GET PATCH DELETE", "/users/{user_id:int}"),
    row("DELETE", "/users/{user_id:int}/sessions"),
    row("DELETE", "/users/{user_id:int}/mfa/totp"),
    row("GET POST", "/api-keys"),
    row("DELETE", "/api-keys/{key_id}"),
    row("GET", "/audit-log"),
    row("GET", "/keys"),
    row("POST", "/keys/rotate"),
    row("POST", "/keys/{kid}/revoke"),
)

CONTENT_ROWS = (
    row("GET POST", ""),
    row("GET PUT PATCH DELETE", "/{content_id:int}"),
    row("POST", "/{content_id:int}/publish"),
    row("POST", "/{content_id:int}/unpublish"),
    row("POST", "/{content_id:int}/archive"),
    row("POST DELETE", "/{content_id:int}/schedule"),
    row("GET", "/{content_id:int}/versions"),
    row("GET", "/{content_id:int}/versions/{number:int}"),
    row("GET", "/{content_id:int}/versions/{older:int}/diff/{newer:int}"),
    row("POST", "/{content_id:int}/versions/{number:int}/restore"),
    row("POST", "/{content_id:int}/restore"),
    row("DELETE", "/{content_id:int}/purge"),
    row("POST", "/{content_id:int}/ai-suggestions", answers_within=PATIENT, limited_as=PROMPT),
    row("POST", "/{content_id:int}/ai-suggestions/apply"),
    row("POST", "/{content_id:int}/preview-token"),
    row("GET", "/trash"),
    row("GET", "/published", OPEN_TO_READ),
    row("GET", "/published/{slug}", OPEN_TO_READ),
    row("GET", "/export", answers_within=PATIENT, limited_as=IMPORT),
    row("POST", "/import", max_body=IMPORT_BODY, answers_within=PATIENT, limited_as=IMPORT),
)

MODULES_ROWS = (
    row("GET POST", "/available"),
    row("GET", "/installed"),
    row("POST", "/install/{name}", answers_within=timedelta(seconds=60)),
    row("PUT DELETE", "/{module_id:int}", answers_within=timedelta(seconds=60)),
    row("POST", "/{module_id:int}/activate", answers_within=timedelta(seconds=60)),
    row("POST", "/{module_id:int}/deactivate", answers_within=timedelta(seconds=60)),
    row("POST", "/{module_id:int}/upgrade", answers_within=PATIENT),
)

SETTINGS_ROWS = (
    row("GET POST", ""),
    row("GET PUT DELETE", "/{key}"),
    row("GET", "/{key}/history"),
    row("POST", "/{key}/revert"),
    row("GET", "/config/site", OPEN_TO_READ),
    row("POST PATCH", "/config/site"),
    row("POST", "/initialize-defaults"),
)

DASHBOARD_ROWS = (
    row("GET", "/stats"),
    row("GET", "/quick-actions"),
    row("GET", "/analytics"),
)

EVENTS_ROWS = (
    row("GET POST", ""),
    row("GET PUT PATCH DELETE", "/{event_id:int}"),
    row("POST", "/{event_id:int}/publish"),
    row("POST", "/{event_id:int}/cancel"),
    row("POST", "/{event_id:int}/duplicate"),
    row("GET", "/{event_id:int}/analytics"),
    row("GET", "/public/{slug}", OPEN_TO_READ),
    row("POST", "/public/{slug}/rsvps", GUESTS, limited_as=MAIL),
    row(
        "POST",
        "/{event_id:int}/rsvps",
        public("guests have no account", "bearer"),
        limited_as=MAIL,
    ),
    row("GET", "/{event_id:int}/rsvps"),
    row("GET", "/all-rsvps"),
    row("GET POST PATCH DELETE", "/{event_id:int}/rsvps/{rsvp_id:int}"),
    row("POST", "/{event_id:int}/rsvps/{rsvp_id:int}/approve"),
    row("POST", "/{event_id:int}/rsvps/{rsvp_id:int}/reject"),
    row("POST", "/{event_id:int}/rsvps/{rsvp_id:int}/rotate-link"),
    row(
        "PUT",
        "/rsvps/{rsvp_id:int}",
        public("without a guest's token events answers 404, whatever the id", "bearer", "rsvp"),
        limited_as=GUEST_CLASS,
    ),
    row("GET PUT DELETE", "/rsvp", GUEST, limited_as=GUEST_CLASS),
    row("GET", "/rsvp/calendar.ics", GUEST, limited_as=GUEST_CLASS),
    row("GET", "/rsvp/qr.png", GUEST, limited_as=GUEST_CLASS),
    row(
        "POST",
        "/{event_id:int}/guests/import",
        max_body=IMPORT_BODY,
        answers_within=PATIENT,
        limited_as=IMPORT,
    ),
    row("GET", "/{event_id:int}/guests/export", answers_within=PATIENT, limited_as=IMPORT),
    row("POST", "/{event_id:int}/check-in"),
    row("DELETE", "/{event_id:int}/check-in/{rsvp_id:int}"),
)

# A hundred thousand addresses are an import, whatever the path is called.
MANY_RECIPIENTS: dict[str, Any] = {
    "max_body": IMPORT_BODY,
    "answers_within": timedelta(seconds=60),
    "limited_as": MAIL,
}

NOTIFICATIONS_ROWS = (
    row("POST", "/{event_id:int}/send-invitations", **MANY_RECIPIENTS),
    row("POST", "/{event_id:int}/send-reminders", limited_as=MAIL),
    row("GET", "/{event_id:int}/communications"),
    row("GET", "/{event_id:int}/notification-stats"),
    row("POST", "/{event_id:int}/retry-failed", limited_as=MAIL),
    row("POST", "/communications/{communication_id:int}/retry", limited_as=MAIL),
    row("POST", "/communications/{communication_id:int}/cancel"),
    row("GET", "/batches/{batch_id}"),
    row("GET POST", "/templates"),
    row("GET PUT DELETE", "/templates/{template_id}"),
    row("POST", "/templates/{template_id}/preview"),
    row("POST", "/templates/{template_id}/test-send", limited_as=MAIL),
    row("POST", "/test-email", answers_within=timedelta(seconds=60), limited_as=MAIL),
    row("GET DELETE", "/suppressions"),
    row("POST", "/bounces", public("the signature in the request is the credential")),
    row("GET", "/o/{token}.gif", LINK_IN_PATH),
    row("GET", "/l/{token}", LINK_IN_PATH, is_page=True),
    row("GET POST", "/unsubscribe/{token}", LINK_IN_PATH, limited_as=GUEST_CLASS, is_page=True),
)

MOVED_ROWS = (
    row(
        "POST",
        "/{event_id:int}/send-invitations",
        moved=Moved("/api/notifications/{event_id:int}/send-invitations", date(2026, 1, 1)),
        **MANY_RECIPIENTS,
    ),
)

AI_ROWS = (
    row(
        "POST",
        "/generate-content",
        max_body=PROMPT_BODY,
        answers_within=PATIENT,
        limited_as=PROMPT,
    ),
    row("GET POST", "/providers"),
    row("GET PUT DELETE", "/providers/{provider_id:int}"),
    row("POST", "/providers/{provider_id:int}/activate"),
    row("POST", "/providers/{provider_id:int}/deactivate"),
    row("POST", "/providers/{provider_id:int}/test", answers_within=PATIENT, limited_as=PROMPT),
    row("GET", "/models"),
    row("GET", "/usage"),
    row("GET PUT", "/quotas"),
)

EVENT_PAGE_ROWS = (
    row("GET POST", "/rsvp/{token}", LINK_IN_PATH, limited_as=GUEST_CLASS, is_page=True),
    row(
        "GET POST", "/rsvp/{token}/{rest:path}", LINK_IN_PATH, limited_as=GUEST_CLASS, is_page=True
    ),
    row("GET", "/e/{slug}", OPEN_TO_READ, limited_as=GUEST_CLASS, is_page=True),
    row("POST", "/e/{slug}", OPEN_TO_READ, limited_as=MAIL, is_page=True),
    row("GET", "/e/{slug}/{rest:path}", OPEN_TO_READ, limited_as=GUEST_CLASS, is_page=True),
    row("POST", "/e/{slug}/{rest:path}", OPEN_TO_READ, limited_as=MAIL, is_page=True),
)

AUTH_PAGE_ROWS = (
    row("GET POST", "/verify-email/{token}", LINK_IN_PATH, limited_as=LOG_IN, is_page=True),
    row("GET POST", "/reset-password/{token}", LINK_IN_PATH, limited_as=LOG_IN, is_page=True),
    row("GET POST", "/not-me/{token}", LINK_IN_PATH, limited_as=LOG_IN, is_page=True),
)

ROUTES: tuple[Route, ...] = (
    *rows_of(HERE, "", HERE_ROWS),
    *rows_of("auth", "/api/auth", AUTH_ROWS),
    *rows_of("auth", "", AUTH_PAGE_ROWS),
    *rows_of("content", "/api/content", CONTENT_ROWS),
    *rows_of("content", "/api/modules", MODULES_ROWS),
    *rows_of("content", "/api/settings", SETTINGS_ROWS),
    *rows_of("content", "/api/dashboard", DASHBOARD_ROWS),
    *rows_of("events", "/api/events", EVENTS_ROWS),
    *rows_of("events", "", EVENT_PAGE_ROWS),
    *rows_of("notifications", "/api/notifications", NOTIFICATIONS_ROWS),
    *rows_of("notifications", "/api/events", MOVED_ROWS),
    *rows_of("ai", "/api/ai", AI_ROWS),
)
