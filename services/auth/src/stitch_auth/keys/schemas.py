"""What is published about keys and endpoints."""

from pydantic import BaseModel


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


class ServerMetadata(BaseModel):
    """RFC 8414, as far as there is something to say."""

    issuer: str
    token_endpoint: str
    jwks_uri: str
    grant_types_supported: list[str]
    response_types_supported: list[str]
    scopes_supported: list[str]
    token_endpoint_auth_methods_supported: list[str]
