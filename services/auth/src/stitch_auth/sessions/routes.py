"""Sessions over HTTP: the refresh token is a cookie for browsers, a field for programs."""

from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request, Response

from stitch_auth.apikeys.service import CLIENT_ERRORS, APIKeyService
from stitch_auth.callers.models import Caller
from stitch_auth.callers.service import CurrentCaller, current_caller, device_cookie
from stitch_auth.mfa.service import MFA_ERRORS
from stitch_auth.passwords.service import HASHING_ERRORS
from stitch_auth.refreshing.service import REFRESH_ERRORS, RefreshService
from stitch_auth.sessions.errors import (
    AccountDeactivatedError,
    CrossSiteError,
    EmailNotVerifiedError,
    InvalidCredentialsError,
    NotJSONError,
    SessionNotFoundError,
    UnsupportedGrantError,
)
from stitch_auth.sessions.models import Credentials, Delivery
from stitch_auth.sessions.rules import basic_credential, is_friendly
from stitch_auth.sessions.schemas import RefreshRequest, SessionView, TokenAnswer, TokenRequest
from stitch_auth.sessions.service import LoginService, SessionService
from stitch_auth.settings import AuthSettings
from stitch_auth.throttling.service import THROTTLING_ERRORS
from stitch_auth.tokens.models import Grant
from stitch_common.errors import InvalidFieldError
from stitch_common.http.principals import CurrentUser
from stitch_common.http.problems import declares

router = APIRouter(prefix="/api/auth", tags=["Sessions"])

SECURE_COOKIE = "__Host-stitch-refresh"
LOCAL_COOKIE = "stitch-refresh"
"""Browsers refuse `__Host-` and `Secure` over plain HTTP, also from the own machine."""

CLIENT_GRANT = "client_credentials"
PASSWORD_GRANT = "password"  # noqa: S105 - the name of a grant


async def login_service(request: Request) -> LoginService:
    service: LoginService = request.app.state.logins
    return service


async def session_service(request: Request) -> SessionService:
    service: SessionService = request.app.state.sessions
    return service


async def refresh_service(request: Request) -> RefreshService:
    service: RefreshService = request.app.state.refreshes
    return service


def _settings(request: Request) -> AuthSettings:
    settings: AuthSettings = request.app.state.runtime.settings
    return settings


async def require_friendly_site(request: Request) -> None:
    """Refuse what a page of another site has sent."""
    origin, site = request.headers.get("origin"), request.headers.get("sec-fetch-site")
    if not is_friendly(origin, site, _settings(request).trusted_origins):
        raise CrossSiteError


async def require_deliberate_request(request: Request) -> None:
    """Refuse also what a page can send to another site without asking it first (CORS)."""
    await require_friendly_site(request)
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    is_json = media_type == "application/json"
    is_marked = "x-requested-with" in request.headers or "authorization" in request.headers
    if not is_json and (media_type or not is_marked):
        raise NotJSONError


Logins = Annotated[LoginService, Depends(login_service)]
Sessions = Annotated[SessionService, Depends(session_service)]


@router.post(
    "/token",
    response_model_exclude_none=True,
    dependencies=[Depends(require_friendly_site)],
    responses=declares(
        InvalidCredentialsError,
        EmailNotVerifiedError,
        AccountDeactivatedError,
        UnsupportedGrantError,
        CrossSiteError,
        *CLIENT_ERRORS,
        *MFA_ERRORS,
        *HASHING_ERRORS,
        *THROTTLING_ERRORS,
    ),
)
async def get_token(
    form: Annotated[TokenRequest, Form()],
    request: Request,
    response: Response,
    logins: Logins,
    caller: CurrentCaller,
) -> TokenAnswer:
    """Log in (OAuth2 password grant); `scope=offline_access` for programs without cookies."""
    if form.grant_type == CLIENT_GRANT:
        return await _exchange(form, request, response, caller)
    if form.grant_type != PASSWORD_GRANT:
        raise UnsupportedGrantError
    credentials = _credentials(form)
    return _answer(await logins.log_in(credentials, caller), request, response)


async def _exchange(
    form: TokenRequest, request: Request, response: Response, caller: Caller
) -> TokenAnswer:
    given = basic_credential(request.headers.get("authorization"))
    if given is None:
        secret = form.client_secret.get_secret_value() if form.client_secret else ""
        given = (form.client_id or "", secret)
    api_keys: APIKeyService = request.app.state.api_keys
    grant = await api_keys.exchange(*given, caller)
    response.headers["cache-control"] = "no-store"
    return TokenAnswer(
        access_token=grant.access_token, expires_in=grant.expires_in, scope=grant.scope
    )


def _credentials(form: TokenRequest) -> Credentials:
    if form.username is None:
        raise InvalidFieldError.of("/username", "Field required")
    if form.password is None:
        raise InvalidFieldError.of("/password", "Field required")
    return Credentials(form.username, form.password.get_secret_value(), form.scope, form.otp)


@router.post(
    "/refresh",
    response_model_exclude_none=True,
    responses=declares(*REFRESH_ERRORS, CrossSiteError, NotJSONError),
)
async def refresh(
    request: Request, response: Response, body: RefreshRequest | None = None
) -> TokenAnswer:
    """Exchange the refresh token, cookie or field, for a new pair."""
    # Called, because resolving these as dependencies takes longer than all that they do.
    await require_deliberate_request(request)
    refreshes, caller = await refresh_service(request), await current_caller(request)
    if body is not None and body.refresh_token is not None:
        grant = await refreshes.refresh(body.refresh_token, Delivery.BODY, caller)
    else:
        cookie = request.cookies.get(_cookie_name(request), "")
        grant = await refreshes.refresh(cookie, Delivery.COOKIE, caller)
    return _answer(grant, request, response)


@router.post(
    "/logout",
    status_code=204,
    dependencies=[Depends(require_deliberate_request)],
    responses=declares(CrossSiteError, NotJSONError),
)
async def log_out(
    request: Request,
    response: Response,
    sessions: Sessions,
    user: CurrentUser,
    caller: CurrentCaller,
) -> None:
    """End this session."""
    await sessions.log_out(user, caller)
    _set_cookie(request, response, "", max_age=0)


@router.post(
    "/logout-all",
    status_code=204,
    dependencies=[Depends(require_deliberate_request)],
    responses=declares(CrossSiteError, NotJSONError),
)
async def log_out_everywhere(
    request: Request,
    response: Response,
    sessions: Sessions,
    user: CurrentUser,
    caller: CurrentCaller,
) -> None:
    """End all of your sessions."""
    await sessions.log_out_everywhere(user, caller)
    _set_cookie(request, response, "", max_age=0)


@router.get("/me/sessions")
async def list_sessions(sessions: Sessions, user: CurrentUser) -> list[SessionView]:
    """Where you are logged in; used last comes first."""
    return [
        SessionView(
            sid=session.sid,
            user_agent=session.user_agent,
            ip=session.ip,
            created_at=session.created_at,
            last_used_at=session.last_used_at,
            expires_at=session.idle_expires_at,
            is_current=session.sid == user.session_id,
        )
        for session in await sessions.list_live(user)
    ]


@router.delete("/me/sessions/{sid}", status_code=204, responses=declares(SessionNotFoundError))
async def end_session(
    sid: str, sessions: Sessions, user: CurrentUser, caller: CurrentCaller
) -> None:
    """End one of your sessions."""
    await sessions.end_own(user, sid, caller)


def _answer(grant: Grant, request: Request, response: Response) -> TokenAnswer:
    response.headers["cache-control"] = "no-store"
    in_body = grant.delivery is Delivery.BODY
    if not in_body:
        _set_cookie(request, response, grant.refresh_token, max_age=grant.refresh_expires_in)
        if grant.device_mark:
            settings = _settings(request)
            lasts = int(settings.device_ttl.total_seconds())
            name = device_cookie(settings)
            _set_cookie(request, response, grant.device_mark, max_age=lasts, name=name)
    return TokenAnswer(
        access_token=grant.access_token,
        expires_in=grant.expires_in,
        scope=grant.scope,
        refresh_token=grant.refresh_token if in_body else None,
    )


def _cookie_name(request: Request) -> str:
    return LOCAL_COOKIE if _settings(request).is_local else SECURE_COOKIE


def _set_cookie(
    request: Request, response: Response, value: str, *, max_age: int, name: str | None = None
) -> None:
    response.set_cookie(
        name or _cookie_name(request),
        value,
        max_age=max_age,
        path="/",
        secure=not _settings(request).is_local,
        httponly=True,
        samesite="strict",
    )
