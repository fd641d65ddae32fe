"""The HTTP side of the auth service."""

from dataclasses import replace
from typing import Any, cast

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import ASGIApp, Receive, Scope, Send

from stitch_auth.accounts.routes import router as accounts_router
from stitch_auth.accounts.service import AccountService
from stitch_auth.apikeys.routes import router as api_keys_router
from stitch_auth.apikeys.service import APIKeyService
from stitch_auth.audit.routes import router as audit_router
from stitch_auth.audit.service import AuditService
from stitch_auth.credentials.routes import router as credentials_router
from stitch_auth.credentials.service import CredentialsService
from stitch_auth.keys.routes import router as keys_router
from stitch_auth.keys.service import KeyLifecycle, KeyService
from stitch_auth.mfa.routes import router as mfa_router
from stitch_auth.mfa.service import SecondFactorService
from stitch_auth.objections.routes import router as objections_router
from stitch_auth.objections.service import ObjectionService
from stitch_auth.pages.adapters import PageRenderer
from stitch_auth.pages.routes import router as pages_router
from stitch_auth.passwords.adapters import Doorkeeper
from stitch_auth.passwords.service import PasswordService
from stitch_auth.recovery.routes import router as recovery_router
from stitch_auth.recovery.service import RecoveryService, forget_resets
from stitch_auth.refreshing.service import RefreshService
from stitch_auth.registration.routes import router as registration_router
from stitch_auth.registration.service import RegistrationService
from stitch_auth.sessions.routes import router as sessions_router
from stitch_auth.sessions.service import LoginService, SessionService
from stitch_auth.settings import AuthSettings
from stitch_auth.throttling.service import LoginThrottle, Throttle
from stitch_auth.tokens.service import TokenService
from stitch_auth.verification.service import MailLimits, VerificationService
from stitch_common.http.app import create_app
from stitch_common.http.lists import Cursors
from stitch_common.http.metrics import RequestMetrics
from stitch_common.limits.counters import SharedCounters
from stitch_common.runtime import StoredRuntime
from stitch_common.security.links import LinkSigner
from stitch_common.security.tokens import TokenVerifier

PUBLIC_ROUTES = {
    "POST /api/auth/register": "who registers has no account yet",
    "POST /api/auth/verify-email": "the token out of the mail is the credential",
    "POST /api/auth/verify-email/resend": "who waits for the mail can't log in yet",
    "POST /api/auth/token": "it is the log-in; the password is the credential",
    "POST /api/auth/refresh": "the refresh token is the credential",
    "POST /api/auth/password-reset": "who asks has lost the password",
    "POST /api/auth/password-reset/confirm": "the token out of the mail is the credential",
    "POST /api/auth/not-me": "the token out of the mail is the credential",
    "GET /api/auth/.well-known/jwks.json": "public keys are for everybody",
    "GET /api/auth/.well-known/oauth-authorization-server": "where to log in is for everybody",
    "GET /verify-email/{token}": "the token out of the mail is the credential",
    "HEAD /verify-email/{token}": "the token out of the mail is the credential",
    "POST /verify-email/{token}": "the token out of the mail is the credential",
    "GET /reset-password/{token}": "the token out of the mail is the credential",
    "HEAD /reset-password/{token}": "the token out of the mail is the credential",
    "POST /reset-password/{token}": "the token out of the mail is the credential",
    "GET /not-me/{token}": "the token out of the mail is the credential",
    "HEAD /not-me/{token}": "the token out of the mail is the credential",
    "POST /not-me/{token}": "the token out of the mail is the credential",
}
# The busiest first: a route is looked for one by one, and once more for its span.
ROUTERS = (
    sessions_router,
    registration_router,
    recovery_router,
    objections_router,
    credentials_router,
    mfa_router,
    accounts_router,
    api_keys_router,
    audit_router,
    keys_router,
    pages_router,
)
ANSWERS_WITH_SECRETS = frozenset(
    {
        "/api/auth/token",
        "/api/auth/refresh",
        "/api/auth/api-keys",
        "/api/auth/me/mfa/totp",
        "/api/auth/me/mfa/totp/confirm",
    }
)


class NeverReplayed:
    """Ignores `Idempotency-Key` where answers hold tokens: a kept answer would be a stored one."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].rstrip("/") in ANSWERS_WITH_SECRETS:
            headers = [(k, v) for k, v in scope["headers"] if k.lower() != b"idempotency-key"]
            scope = {**scope, "headers": headers}
        await self._app(scope, receive, send)


def create_api(runtime: StoredRuntime[AuthSettings]) -> FastAPI:
    runtime = trusting_itself(runtime)
    app = create_app(
        runtime,
        title="Stitch auth",
        routers=ROUTERS,
        public_routes=PUBLIC_ROUTES,
    )
    app.add_middleware(NeverReplayed)
    _put_doorkeeper(app, runtime.settings)
    for name, service in services(runtime).items():
        setattr(app.state, name, service)
    return app


def _put_doorkeeper(app: FastAPI, settings: AuthSettings) -> None:
    room = 2 * settings.hashing_threads + settings.hashing_queue
    keeper = Middleware(Doorkeeper, path="/api/auth/token", room=room)
    # Behind what gives every answer its id and counts it, and before all other work.
    names = [getattr(each.cls, "__name__", "") for each in app.user_middleware]
    app.user_middleware.insert(names.index(RequestMetrics.__name__) + 1, keeper)


def trusting_itself(runtime: StoredRuntime[AuthSettings]) -> StoredRuntime[AuthSettings]:
    """With the verification that all services share, but without asking ourselves over HTTP."""
    if isinstance(runtime.verifier.keys, KeyService):
        return runtime
    settings = runtime.settings
    verifier = TokenVerifier(
        KeyService.configured(runtime.database, runtime.clock, settings),
        runtime.clock,
        issuer=settings.token_issuer,
        audience=settings.token_audience,
        revocations=runtime.verifier.revocations,
    )
    return replace(runtime, verifier=verifier)


def create_runtime(service: str, settings: AuthSettings) -> StoredRuntime[AuthSettings]:
    """So that the feed of revocations reaches the keys with which this process signs."""
    return trusting_itself(StoredRuntime.of(service, settings))


def services(runtime: StoredRuntime[AuthSettings]) -> dict[str, Any]:
    """What the routes of each slice find in `app.state`."""
    settings, database, clock = runtime.settings, runtime.database, runtime.clock
    keys = cast("KeyService", runtime.verifier.keys)
    passwords = PasswordService.configured(settings)
    throttle = Throttle(SharedCounters(runtime.bus, clock))
    limits = MailLimits(throttle, settings)
    tokens = TokenService(keys, clock, settings=settings)
    links = LinkSigner(settings.link_keys, clock)
    factors = SecondFactorService(database, clock, settings=settings, throttle=throttle)
    cursors = Cursors(settings.cursor_key)
    sessions = SessionService(database, clock)
    return {
        "keys": keys,
        "key_lifecycle": KeyLifecycle(database, clock, settings),
        "registrations": RegistrationService(
            database, clock, settings=settings, passwords=passwords, limits=limits
        ),
        "verifications": VerificationService(
            database,
            clock,
            settings=settings,
            links=links,
            limits=limits,
            sessions=sessions,
            forget_resets=forget_resets,
        ),
        "recovery": RecoveryService(
            database,
            clock,
            settings=settings,
            passwords=passwords,
            links=links,
            limits=limits,
            sessions=sessions,
        ),
        "objections": ObjectionService(
            database,
            clock,
            settings=settings,
            passwords=passwords,
            links=links,
            sessions=sessions,
        ),
        "credentials": CredentialsService(
            database,
            clock,
            settings=settings,
            passwords=passwords,
            throttle=throttle,
            limits=limits,
            sessions=sessions,
        ),
        "logins": LoginService(
            database,
            clock,
            settings=settings,
            passwords=passwords,
            throttle=LoginThrottle(throttle, clock, settings),
            tokens=tokens,
            factors=factors,
        ),
        "second_factors": factors,
        "sessions": sessions,
        "refreshes": RefreshService(
            database, clock, settings=settings, tokens=tokens, sessions=sessions
        ),
        "accounts": AccountService(database, clock, cursors=cursors, sessions=sessions),
        "api_keys": APIKeyService(
            database, clock, settings=settings, tokens=tokens, throttle=throttle
        ),
        "audit": AuditService(database, cursors),
        "pages": PageRenderer(settings.login_url),
    }
