"""What is published about keys and endpoints."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict

from stitch_auth.keys.models import KeyState


class JWK(BaseModel):
    """A public RSA key for signatures (RFC 7517)."""

    kty: str
    use: str
    alg: str
    kid: str
    n: str
    e: str


class JWKSet(BaseModel):
    """All keys that verify access tokens."""

    keys: list[JWK]


class KeyView(BaseModel):
    """A signing key as admins see it; never its private half."""

    model_config = ConfigDict(from_attributes=True)

    kid: str
    state: KeyState
    created_at: datetime
    state_since: datetime
    revoked_at: datetime | None


class ServerMetadata(BaseModel):
    """RFC 8414, as far as there is something to say."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    scopes_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
