"""The issuer's public keys, fetched as rarely as is safe (RFC 7517)."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import httpx
import structlog
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey, RSAPublicNumbers

from stitch_common.clock import Clock
from stitch_common.security.jws import ALGORITHM, decoded

MAX_DOCUMENT = 64 * 1024
MIN_KEY_BITS = 2048
RETRY = timedelta(seconds=1)
"""Between two tries as long as there never were any keys."""
FETCHED_WITHIN = 5.0
"""Seconds for the whole document: an issuer that drips must not hold up those who wait."""
UNUSABLE = (httpx.HTTPError, TimeoutError, ValueError, KeyError, TypeError, AttributeError)

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
        self._asking = asyncio.Lock()
        self._renewing: asyncio.Task[None] | None = None
        self._has_news = False

    async def find(self, kid: str) -> RSAPublicKey | None:
        """The key of this id, or None if the issuer does not know it; KeysUnavailableError.

        A known key never waits for the issuer: old ones are renewed beside the work.
        """
        if kid not in self._keys or self._is_older_than(self._hard_ttl):
            # Who gives up waiting ends neither what others wait for, nor the pause after it.
            await asyncio.shield(self._ask_aside())
        elif self._is_older_than(self._max_age):
            self._renew_if_due()
        if self._is_older_than(self._hard_ttl):
            raise KeysUnavailableError
        return self._keys.get(kid)

    async def refresh(self, *, force: bool = False) -> None:
        """Ask the issuer again, unless somebody just did."""
        async with self._asking:
            if not force and self._was_just_asked():
                return
            asked_at = self._clock()
            try:
                self._keys = await self._fetch()
            except UNUSABLE as error:
                log.warning("jwks_fetch_failed", error=type(error).__name__)
            else:
                self._fetched_at = asked_at
            # Not before: whoever waited for a slow failure must not try it again at once.
            self._asked_at = self._clock()

    def renew(self) -> None:
        """Ask again as soon as possible, because the issuer has said that there is news."""
        self._has_news = True
        self._ask_aside()

    def _renew_if_due(self) -> None:
        if not self._was_just_asked():
            self._ask_aside()

    def _ask_aside(self) -> asyncio.Task[None]:
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.create_task(self._ask_until_no_news())
        return self._renewing

    async def _ask_until_no_news(self) -> None:
        # Also what was said while the answer was on its way: that may be older than the news.
        is_forced, self._has_news = self._has_news, False
        await self.refresh(force=is_forced)
        while self._has_news:
            self._has_news = False
            await self.refresh(force=True)

    def _was_just_asked(self) -> bool:
        pause = RETRY if self._fetched_at is None else self._cool_down
        return self._asked_at is not None and self._clock() - self._asked_at < pause

    def _is_older_than(self, age: timedelta) -> bool:
        return self._fetched_at is None or self._clock() - self._fetched_at > age

    async def _fetch(self) -> dict[str, RSAPublicKey]:
        async with (
            asyncio.timeout(FETCHED_WITHIN),
            self._http.stream("GET", self._url, follow_redirects=False) as answer,
        ):
            answer.raise_for_status()
            body = bytearray()
            async for chunk in answer.aiter_bytes():
                body += chunk
                if len(body) > MAX_DOCUMENT:
                    message = "the key set is too large"
                    raise ValueError(message)
        document = httpx.Response(200, content=bytes(body)).json()
        return usable_keys(document["keys"])


def usable_keys(entries: Iterable[Any]) -> dict[str, RSAPublicKey]:
    """The keys by id, without those that are of no use here (RFC 7517 §5)."""
    usable = {}
    for entry in entries:
        try:
            usable[str(entry["kid"])] = usable_key(entry)
        except UNUSABLE as error:
            log.warning("jwks_key_ignored", error=type(error).__name__)
    return usable


def usable_key(entry: Mapping[str, str]) -> RSAPublicKey:
    """The RSA signature key of a JWK; ValueError for any other kind, use or a weak one."""
    is_meant = entry.get("use", "sig") == "sig" and entry.get("alg", ALGORITHM) == ALGORITHM
    if entry.get("kty") != "RSA" or not is_meant or "d" in entry:
        message = "not a public RSA signature key"
        raise ValueError(message)
    key = RSAPublicNumbers(_number(entry["e"]), _number(entry["n"])).public_key()
    if key.key_size < MIN_KEY_BITS:
        message = "an RSA key of fewer than 2048 bits"
        raise ValueError(message)
    return key


def _number(text: str) -> int:
    return int.from_bytes(decoded(text.encode()))
