"""The issuer's public keys, fetched as rarely as is safe (RFC 7517)."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta

import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt import PyJWK
from jwt.exceptions import PyJWTError

from stitch_common.clock import Clock

MAX_DOCUMENT = 64 * 1024
MIN_KEY_BITS = 2048

log = structlog.get_logger(__name__)


class KeysUnavailableError(Exception):
    """No usable keys: never fetched, or not refreshed for so long that they can't be trusted."""


class JWKSKeys:
    """Keys by `kid`: refreshed on schedule, and for an unknown `kid` at most every 30 s.

    With the issuer away, known keys work until `hard_ttl` and then fail closed.
    """

    def __init__(
        self,
        url: str,
        http: httpx.AsyncClient,
        clock: Clock,
        *,
        max_age: timedelta = timedelta(minutes=5),
        cool_down: timedelta = timedelta(seconds=30),
        hard_ttl: timedelta = timedelta(hours=1),
    ) -> None:
        self._url = url
        self._http = http
        self._clock = clock
        self._max_age = max_age
        self._cool_down = cool_down
        self._hard_ttl = hard_ttl
        self._keys: Mapping[str, RSAPublicKey] = {}
        self._fetched_at: datetime | None = None
        self._asked_at: datetime | None = None
        self._fetching = asyncio.Lock()

    async def find(self, kid: str) -> RSAPublicKey | None:
        """The key of this id, or None if the issuer does not know it; KeysUnavailableError."""
        if self._wants_refresh(kid):
            await self.refresh()
        if self._fetched_at is None or self._age() > self._hard_ttl:
            raise KeysUnavailableError
        return self._keys.get(kid)

    async def refresh(self, *, force: bool = False) -> None:
        """Ask the issuer again, unless somebody just did."""
        async with self._fetching:
            now = self._clock()
            if not force and self._asked_at and now - self._asked_at < self._cool_down:
                return
            self._asked_at = now
            try:
                self._keys = await self._fetch()
            except (httpx.HTTPError, ValueError, KeyError, PyJWTError) as error:
                log.warning("jwks_fetch_failed", error=type(error).__name__)
                if self._fetched_at is None:
                    self._asked_at = None
            else:
                self._fetched_at = now

    def _wants_refresh(self, kid: str) -> bool:
        return kid not in self._keys or self._fetched_at is None or self._age() > self._max_age

    def _age(self) -> timedelta:
        if self._fetched_at is None:
            return timedelta.max
        return self._clock() - self._fetched_at

    async def _fetch(self) -> dict[str, RSAPublicKey]:
        async with self._http.stream("GET", self._url, follow_redirects=False) as answer:
            answer.raise_for_status()
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > MAX_DOCUMENT:
                    message = "the key set is too large"
                    raise ValueError(message)
        document = httpx.Response(200, content=bytes(body)).json()
        return {entry["kid"]: usable_key(entry) for entry in document["keys"]}


def usable_key(entry: Mapping[str, str]) -> RSAPublicKey:
    """The RSA signature key of a JWK; ValueError for any other kind, use or a weak one."""
    if entry.get("kty") != "RSA" or entry.get("use", "sig") != "sig":
        message = "not an RSA signature key"
        raise ValueError(message)
    key = PyJWK.from_dict(dict(entry), algorithm="RS256").key
    if not isinstance(key, RSAPublicKey) or key.key_size < MIN_KEY_BITS:
        message = "not a public RSA key of 2048 bits or more"
        raise ValueError(message)
    return key
