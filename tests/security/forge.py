"""Access tokens made by hand with auth's real key, so that each can be wrong in one way."""

import base64
import json
from dataclasses import dataclass
from time import time
from typing import Any
from uuid import uuid4

from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from tests.security.house import House

from stitch_auth.keys.service import KeyService


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def part(value: Any) -> str:
    return b64(value if isinstance(value, bytes) else json.dumps(value).encode())


@dataclass(frozen=True)
class Forge:
    """What an attacker needs, and what nobody but auth has."""

    kid: str
    key: RSAPrivateKey

    @classmethod
    async def of(cls, house: House) -> "Forge":
        keys = house["auth"].runtime.verifier.keys
        assert isinstance(keys, KeyService)
        current = await keys._current()
        return cls(current.signing_kid, current.signing_key)

    @property
    def header(self) -> dict[str, Any]:
        return {"alg": "RS256", "typ": "at+jwt", "kid": self.kid}

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Those of a genuine token of somebody whom nobody knows."""
        now = int(time())
        usual = {
            "iss": "stitch-cms-api",
            "aud": "stitch-cms",
            "sub": "900001",
            "uname": "forged",
            "role": "viewer",
            "scope": "api",
            "client_id": "stitch-web",
            "sid": uuid4().hex,
            "jti": uuid4().hex,
            "iat": now,
            "exp": now + 900,
        }
        return {**usual, **changes}

    def without(self, *names: str) -> dict[str, Any]:
        return {name: value for name, value in self.claims().items() if name not in names}

    def sign(
        self, claims: dict[str, Any] | bytes, header: dict[str, Any] | None = None, key: Any = None
    ) -> str:
        signed = f"{part(header or self.header)}.{part(claims)}"
        signature = (key or self.key).sign(signed.encode(), padding.PKCS1v15(), SHA256())
        return f"{signed}.{b64(signature)}"

    def encoded_header(self, **changes: Any) -> str:
        return part({**self.header, **changes})

    def with_header(self, **changes: Any) -> str:
        return self.sign(self.claims(), {**self.header, **changes})

    def role(self, role: str) -> str:
        return self.sign(self.claims(role=role))
