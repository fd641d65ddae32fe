"""Public keys and metadata over HTTP."""

from collections.abc import Sequence
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from stitch_auth.callers.service import CurrentCaller
from stitch_auth.keys.errors import KeyNotFoundError, NextKeyTooYoungError
from stitch_auth.keys.models import SigningKey
from stitch_auth.keys.schemas import JWK, JWKSet, KeyView, ServerMetadata
from stitch_auth.keys.service import KeyLifecycle, KeyService
from stitch_auth.settings import AuthSettings
from stitch_common.http.principals import Admin
from stitch_common.http.problems import declares

router = APIRouter(prefix="/api/auth", tags=["Keys"])


async def key_service(request: Request) -> KeyService:
    service: KeyService = request.app.state.keys
    return service


async def key_lifecycle(request: Request) -> KeyLifecycle:
    service: KeyLifecycle = request.app.state.key_lifecycle
    return service


Keys = Annotated[KeyService, Depends(key_service)]
Lifecycle = Annotated[KeyLifecycle, Depends(key_lifecycle)]


def _settings(request: Request) -> AuthSettings:
    settings: AuthSettings = request.app.state.runtime.settings
    return settings


@router.get(
    "/.well-known/jwks.json",
    response_model=JWKSet,
    responses={304: {"description": "You have the current keys."}},
)
async def get_jwks(request: Request, keys: Keys) -> Response:
    """The public keys that verify access tokens."""
    body = JWKSet(keys=[JWK(**jwk) for jwk in await keys.jwks()]).model_dump_json()
    max_age = int(_settings(request).jwks_max_age.total_seconds())
    headers = {
        "etag": f'"{sha256(body.encode()).hexdigest()[:32]}"',
        "cache-control": f"public, max-age={max_age}",
    }
    if headers["etag"] in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


@router.get("/.well-known/oauth-authorization-server")
async def get_metadata(request: Request, response: Response) -> ServerMetadata:
    """Where to get tokens and keys (RFC 8414)."""
    settings = _settings(request)
    base = f"{settings.public_url.rstrip('/')}/api/auth"
    response.headers["cache-control"] = "public, max-age=3600"
    return ServerMetadata(
        issuer=settings.token_issuer,
        token_endpoint=f"{base}/token",
        jwks_uri=f"{base}/.well-known/jwks.json",
        grant_types_supported=["password", "refresh_token", "client_credentials"],
        response_types_supported=[],
        scopes_supported=["api", "offline_access"],
        token_endpoint_auth_methods_supported=[
            "none",
            "client_secret_basic",
            "client_secret_post",
        ],
    )


@router.get("/keys", response_model=list[KeyView])
async def list_keys(lifecycle: Lifecycle, _admin: Admin) -> Sequence[SigningKey]:
    """All signing keys, the newest first."""
    return await lifecycle.list_all()


@router.post("/keys/rotate", response_model=list[KeyView], responses=declares(NextKeyTooYoungError))
async def rotate_keys(
    keys: Keys, lifecycle: Lifecycle, admin: Admin, caller: CurrentCaller
) -> Sequence[SigningKey]:
    """Let the next key sign; the one before verifies until its last token has expired."""
    found = await lifecycle.rotate(admin, caller)
    keys.renew()
    return found


@router.post("/keys/{kid}/revoke", response_model=KeyView, responses=declares(KeyNotFoundError))
async def revoke_key(
    kid: str, keys: Keys, lifecycle: Lifecycle, admin: Admin, caller: CurrentCaller
) -> SigningKey:
    """In an emergency: refuse within 2 s, everywhere, whatever this key has signed."""
    revoked = await lifecycle.revoke(kid, admin, caller)
    keys.renew()
    return revoked
