"""Public keys and metadata over HTTP."""

from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from stitch_auth.keys.schemas import JWK, JWKSet, ServerMetadata
from stitch_auth.keys.service import KeyService
from stitch_auth.settings import AuthSettings

router = APIRouter(prefix="/api/auth/.well-known", tags=["Keys"])


def key_service(request: Request) -> KeyService:
    service: KeyService = request.app.state.keys
    return service


Keys = Annotated[KeyService, Depends(key_service)]


def _settings(request: Request) -> AuthSettings:
    settings: AuthSettings = request.app.state.runtime.settings
    return settings


@router.get(
    "/jwks.json",
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


@router.get("/oauth-authorization-server")
async def get_metadata(request: Request, response: Response) -> ServerMetadata:
    """Where to get tokens and keys (RFC 8414)."""
    settings = _settings(request)
    base = f"{settings.public_url.rstrip('/')}/api/auth"
    response.headers["cache-control"] = "public, max-age=3600"
    return ServerMetadata(
        issuer=settings.token_issuer,
        token_endpoint=f"{base}/token",
        jwks_uri=f"{base}/.well-known/jwks.json",
        grant_types_supported=["password", "refresh_token"],
        response_types_supported=[],
        scopes_supported=["api", "offline_access"],
        token_endpoint_auth_methods_supported=["none"],
    )
