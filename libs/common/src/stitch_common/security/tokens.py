"""Verification of access tokens, the same at the gateway and in every service (RFC 9068, 8725)."""

from collections import OrderedDict
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, Protocol

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from stitch_common.clock import Clock
from stitch_common.security import jws
from stitch_common.security.jwks import KeysUnavailableError
from stitch_common.security.principals import InvalidTokenError, Principal, Role
from stitch_common.security.revocations import Revocations

MAX_KID = 128
MAX_HEADER = 1024
"""In base64url; `alg`, `typ` and the longest `kid` are 260."""
TOKEN_TYPES = frozenset({"at+jwt", "application/at+jwt"})
LEEWAY = timedelta(seconds=60)
ROLES = {str(role): role for role in Role}


class PublicKeys(Protocol):
    """Where the issuer's keys come from."""

    async def find(self, kid: str) -> RSAPublicKey | None: ...

    def renew(self) -> None:
        """The keys have changed: ask for them again, beside the work."""


class TokenVerifier:
    """Turns an access token into a principal; every failure is an InvalidTokenError."""

    def __init__(
        self,
        keys: PublicKeys,
        clock: Clock,
        *,
        issuer: str,
        audience: str,
        revocations: Revocations | None = None,
        cache_size: int = 10_000,
    ) -> None:
        self.keys = keys
        self.revocations = revocations or Revocations(clock)
        self._clock = clock
        self._issuer = issuer
        self._audience = audience
        self._cache: OrderedDict[bytes, Principal] = OrderedDict()
        self._cache_size = cache_size

    async def verify(self, token: str) -> Principal:
        """The token's owner; a signature is checked once, expiry and revocation every time."""
        now = self._clock()
        try:
            compact = jws.Compact.of(token)
            # Taken out and put back, it is the youngest of those that are known.
            principal = self._cache.pop(compact.name, None) or await self._check(compact, now)
        except (KeysUnavailableError, KeyError, ValueError, OverflowError) as error:
            raise InvalidTokenError from error
        is_expired = principal.expires_at <= now - LEEWAY
        if is_expired or self.revocations.covers(principal, principal.key_id):
            raise InvalidTokenError
        self._cache[compact.name] = principal
        if len(self._cache) > self._cache_size:
            self._cache.popitem(last=False)
        return principal

    async def _check(self, token: jws.Compact, now: datetime) -> Principal:
        key_id = _key_id(token.header)
        key = await self.keys.find(key_id)
        if key is None:
            raise InvalidTokenError
        claims = token.claims(key)
        self._require_meant_for_us(claims)
        principal = _principal(claims, key_id)
        _require_begun(claims, principal.issued_at, now + LEEWAY)
        return principal

    def _require_meant_for_us(self, claims: Mapping[str, Any]) -> None:
        audience = claims["aud"]
        is_ours = audience == self._audience or (
            isinstance(audience, list) and self._audience in audience
        )
        if not is_ours or claims["iss"] != self._issuer:
            message = "of another issuer, or for another audience"
            raise ValueError(message)


def _require_begun(claims: Mapping[str, Any], issued_at: datetime, now: datetime) -> None:
    if issued_at > now or ("nbf" in claims and _moment(claims["nbf"]) > now):
        message = "not valid yet"
        raise ValueError(message)


@lru_cache(maxsize=16)
def _key_id(header: bytes) -> str:
    """The key id of an acceptable header; ValueError for any other algorithm, type or `crit`.

    Whoever signs sends the same header with every token, so it is read once.
    """
    found = jws.members(header[:MAX_HEADER])
    key_id = found.get("kid")
    acceptable = (
        len(header) <= MAX_HEADER
        and found.get("alg") == jws.ALGORITHM
        and str(found.get("typ", "")).lower() in TOKEN_TYPES
        and "crit" not in found
        and "b64" not in found
        and isinstance(key_id, str)
        and 0 < len(key_id) <= MAX_KID
    )
    if not acceptable:
        message = "not the header of an access token"
        raise ValueError(message)
    return str(key_id)


def _principal(claims: Mapping[str, Any], key_id: str) -> Principal:
    subject, role, client_id = claims["sub"], claims["role"], claims["client_id"]
    session_id, token_id = claims["sid"], claims["jti"]
    _require_texts(subject, role, client_id, session_id, token_id)
    if not subject.isdecimal():
        message = "the subject of a Stitch token is a user id"
        raise ValueError(message)
    return Principal(
        int(subject),
        str(claims.get("uname", "")),
        ROLES[role],
        _scopes(str(claims.get("scope", ""))),
        client_id,
        session_id,
        token_id,
        _moment(claims["iat"]),
        _moment(claims["exp"]),
        key_id,
    )


@lru_cache(maxsize=64)
def _scopes(text: str) -> frozenset[str]:
    """Few combinations are ever granted."""
    return frozenset(text.split())


def _moment(value: Any) -> datetime:
    if type(value) is not int or value < 0:  # a bool is an int, too
        message = "not a whole number of seconds"
        raise ValueError(message)
    return datetime.fromtimestamp(value, UTC)


def _require_texts(*values: Any) -> None:
    for value in values:
        if not isinstance(value, str) or not value:
            message = "not a text"
            raise ValueError(message)
