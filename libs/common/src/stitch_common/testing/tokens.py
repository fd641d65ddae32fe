"""An issuer of access tokens for tests: real RS256, its own key, no auth service."""

from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

from stitch_common.clock import Clock
from stitch_common.security.principals import Role

ISSUER = "stitch-cms-api"
AUDIENCE = "stitch-cms"
KID = "test-key"


@cache
def test_key() -> rsa.RSAPrivateKey:
    """One key a test process: making one takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


test_key.__test__ = False  # type: ignore[attr-defined] # pytest collects by name


@cache
def _public_key() -> rsa.RSAPublicKey:
    """Always the same object, as of real keys: OpenSSL prepares it at its first use."""
    return test_key().public_key()


class Issuer:
    """Issues tokens as auth does, and gives verifiers its public key."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    async def find(self, kid: str) -> rsa.RSAPublicKey | None:
        return _public_key() if kid == KID else None

    def renew(self) -> None:
        """Its key never changes."""

    def token(self, role: Role = Role.VIEWER, *, user_id: int = 1, **claims: Any) -> str:
        """An access token; `claims` replace or add to the usual ones."""
        now = self._clock()
        usual = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(user_id),
            "uname": f"{role}{user_id}",
            "role": str(role),
            "scope": "",
            "client_id": "web",
            "sid": f"sid-{user_id}",
            "jti": f"jti-{user_id}-{now.timestamp()}",
            "iat": _seconds(now),
            "exp": _seconds(now + timedelta(minutes=15)),
        }
        headers = {"kid": KID, "typ": "at+jwt"}
        return jwt.encode({**usual, **claims}, test_key(), algorithm="RS256", headers=headers)

    def headers(self, role: Role = Role.VIEWER, *, user_id: int = 1) -> dict[str, str]:
        """The `Authorization` header of somebody with this role."""
        return {"authorization": f"Bearer {self.token(role, user_id=user_id)}"}


def _seconds(at: datetime) -> int:
    return int(at.astimezone(UTC).timestamp())
