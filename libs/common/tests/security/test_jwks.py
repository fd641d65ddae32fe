"""Where keys come from, how rarely, and what happens when they don't (S33, S34, S37)."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from stitch_common.security import jwks
from stitch_common.security.jwks import (
    MAX_DOCUMENT,
    RETRY,
    JWKSKeys,
    KeysUnavailableError,
    usable_key,
)
from stitch_common.testing.clock import SettableClock
from stitch_common.testing.tokens import test_key
from stitch_common.testing.waiting import PATIENCE

URL = "http://auth.example/jwks.json"


def jwk(kid: str = "k1", **changes: Any) -> dict[str, Any]:
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(test_key().public_key()))
    return {"kty": "RSA", "use": "sig", "kid": kid, "n": public["n"], "e": public["e"], **changes}


class Auth:
    """The issuer, as HTTP shows it."""

    def __init__(self) -> None:
        self.fetches = 0
        self.answer: Callable[[], httpx.Response] = lambda: self.keys("k1")
        self.may_answer = asyncio.Event()
        self.may_answer.set()

    def keys(self, *kids: str) -> httpx.Response:
        return httpx.Response(200, json={"keys": [jwk(kid) for kid in kids]})

    def is_away(self) -> None:
        def fail() -> httpx.Response:
            raise httpx.ConnectError("refused")

        self.answer = fail

    async def __call__(self, _request: httpx.Request) -> httpx.Response:
        self.fetches += 1
        await self.may_answer.wait()
        return self.answer()


@pytest.fixture
def auth() -> Auth:
    return Auth()


@pytest.fixture
async def keys(auth: Auth, clock: SettableClock) -> AsyncGenerator[JWKSKeys]:
    async with httpx.AsyncClient(transport=httpx.MockTransport(auth)) as http:
        yield JWKSKeys(URL, http, clock)


async def test_a_key_is_found_by_its_id_and_fetched_once(keys: JWKSKeys, auth: Auth) -> None:
    found = [await keys.find("k1") for _ in range(5)]

    assert all(key == test_key().public_key() for key in found)
    assert auth.fetches == 1


async def test_a_flood_of_unknown_ids_causes_one_fetch_in_half_a_minute(
    keys: JWKSKeys, auth: Auth, clock: SettableClock
) -> None:
    await keys.find("k1")
    clock.advance(timedelta(seconds=31))

    flood = await asyncio.gather(*(keys.find(f"random-{n}") for n in range(10_000)))

    assert set(flood) == {None}
    assert auth.fetches == 2
    assert await keys.find("k1") is not None


async def test_who_gives_up_waiting_causes_no_further_fetch(
    keys: JWKSKeys, auth: Auth, clock: SettableClock
) -> None:
    """S33: also from clients that leave at once."""
    await keys.find("k1")
    clock.advance(timedelta(seconds=31))
    auth.may_answer.clear()

    for number in range(50):
        asking = asyncio.create_task(keys.find(f"random-{number}"))
        await asyncio.sleep(0)
        asking.cancel()
        await asyncio.gather(asking, return_exceptions=True)
    waiting = asyncio.create_task(keys.find("k2"))
    auth.answer = lambda: auth.keys("k1", "k2")
    auth.may_answer.set()

    assert await waiting == test_key().public_key()
    assert auth.fetches == 2


async def test_an_issuer_that_drips_is_given_up(
    clock: SettableClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S37, S78: each byte comes in time, the document does not."""
    monkeypatch.setattr(jwks, "FETCHED_WITHIN", 0.2)
    dripping = asyncio.Event()

    async def drip(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 4000\r\n\r\n")
        while not writer.is_closing() and not dripping.is_set():
            writer.write(b" ")
            await asyncio.sleep(0.02)
        writer.close()

    server = await asyncio.start_server(drip, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(KeysUnavailableError):
            await asyncio.wait_for(JWKSKeys(url, http, clock).find("k1"), PATIENCE)
    dripping.set()
    server.close()
    await server.wait_closed()


async def test_a_known_key_never_waits_for_a_fetch(
    keys: JWKSKeys, auth: Auth, clock: SettableClock
) -> None:
    await keys.find("k1")
    clock.advance(timedelta(minutes=6))
    auth.may_answer.clear()

    unknown = asyncio.ensure_future(keys.find("unknown"))
    async with asyncio.timeout(PATIENCE):
        found = [await keys.find("k1") for _ in range(100)]

    assert all(found)
    auth.may_answer.set()
    assert await unknown is None
    assert auth.fetches == 2


async def test_keys_are_fetched_again_when_they_are_old(
    keys: JWKSKeys, auth: Auth, clock: SettableClock
) -> None:
    await keys.find("k1")
    auth.answer = lambda: auth.keys("k2")
    clock.advance(timedelta(minutes=5, seconds=1))

    old = await keys.find("k1")
    await asyncio.sleep(0.01)

    assert old is not None
    assert await keys.find("k2") is not None
    assert await keys.find("k1") is None
    assert auth.fetches == 2


async def test_a_new_key_is_found_at_once_if_nobody_asked_lately(
    keys: JWKSKeys, auth: Auth, clock: SettableClock
) -> None:
    await keys.find("k1")
    auth.answer = lambda: auth.keys("k1", "k2")
    clock.advance(timedelta(seconds=31))

    assert await keys.find("k2") is not None


async def test_who_hears_of_a_rotation_need_not_wait(keys: JWKSKeys, auth: Auth) -> None:
    await keys.find("k1")
    auth.answer = lambda: auth.keys("k1", "k2")

    await keys.refresh(force=True)

    assert await keys.find("k2") is not None


async def test_with_auth_away_known_keys_work_until_the_hard_limit_and_then_fail_closed(
    keys: JWKSKeys, auth: Auth, clock: SettableClock
) -> None:
    await keys.find("k1")
    auth.is_away()

    clock.advance(timedelta(minutes=59))
    assert await keys.find("k1") is not None
    await asyncio.sleep(0.01)

    clock.advance(timedelta(minutes=2))
    with pytest.raises(KeysUnavailableError):
        await keys.find("k1")

    auth.answer = lambda: auth.keys("k1")
    clock.advance(timedelta(seconds=31))
    assert await keys.find("k1") is not None


async def test_before_auth_is_up_it_is_asked_once_a_second_and_found_soon(
    keys: JWKSKeys, auth: Auth, clock: SettableClock
) -> None:
    auth.is_away()

    results = await asyncio.gather(*(keys.find("k1") for _ in range(50)), return_exceptions=True)

    assert {type(result) for result in results} == {KeysUnavailableError}
    assert auth.fetches == 1
    auth.answer = lambda: auth.keys("k1")
    clock.advance(RETRY)
    assert await keys.find("k1") is not None


UNUSABLE = {
    "redirect": lambda: httpx.Response(302, headers={"location": "http://evil.example/"}),
    "error": lambda: httpx.Response(500),
    "no JSON": lambda: httpx.Response(200, text="<html>"),
    "a list": lambda: httpx.Response(200, json=[]),
    "a number": lambda: httpx.Response(200, json=1),
    "no keys": lambda: httpx.Response(200, json={}),
    "keys are a number": lambda: httpx.Response(200, json={"keys": 1}),
    "too large": lambda: httpx.Response(200, content=b'{"keys": []}' + b" " * MAX_DOCUMENT),
}


@pytest.mark.parametrize("answer", UNUSABLE.values(), ids=UNUSABLE.keys())
async def test_an_unusable_answer_leaves_the_keys_as_they_are(
    answer: Callable[[], httpx.Response], keys: JWKSKeys, auth: Auth, clock: SettableClock
) -> None:
    await keys.find("k1")
    auth.answer = answer

    await keys.refresh(force=True)

    assert await keys.find("k1") is not None
    assert auth.fetches == 2


@pytest.mark.parametrize(
    "other", [{"kty": "EC", "kid": "k2"}, {"kty": "RSA", "kid": "k2"}, "text", 1, None, {}]
)
async def test_a_key_that_can_not_be_used_does_not_spoil_the_others(
    other: object, keys: JWKSKeys, auth: Auth
) -> None:
    auth.answer = lambda: httpx.Response(200, json={"keys": [other, jwk("k1")]})

    assert await keys.find("k1") is not None
    assert await keys.find("k2") is None


def weak_key() -> dict[str, Any]:
    # 1024 bits: cryptography itself refuses to make a smaller one.
    weak = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - refused
    return dict(json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(weak.public_key())))


def private_key() -> dict[str, Any]:
    return dict(json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(test_key())))


def elliptic_key() -> dict[str, Any]:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    return dict(json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key)))


@pytest.mark.parametrize(
    "entry",
    [
        weak_key(),
        private_key(),
        elliptic_key(),
        {"kty": "oct", "k": "c2VjcmV0"},
        jwk(use="enc"),
        jwk(alg="RS512"),
        jwk(e="AQABAA=="),
        jwk(kty="rsa"),
        jwk(n="!"),
    ],
)
def test_only_strong_public_rsa_signature_keys_are_used(entry: dict[str, Any]) -> None:
    with pytest.raises((ValueError, KeyError)):
        usable_key(entry)
