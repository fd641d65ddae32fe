"""One suite of forged tokens, against the gateway and every service directly (S18-S28)."""

import hmac
import json
from collections.abc import Callable
from hashlib import sha256
from time import time
from typing import Any

import httpx
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from tests.security.forge import Forge, b64, part
from tests.security.house import SERVICES, House, bearer

PATHS = {
    "auth": "/api/auth/me/sessions",
    "content": "/api/content",
    "events": "/api/events",
    "notifications": "/api/notifications/1/notification-stats",
    "ai": "/api/ai/models",
    "gateway": "/api/content",
}
REFUSALS = {"not-authenticated", "invalid-token", "role-required"}
STRANGER = rsa.generate_private_key(public_exponent=65537, key_size=2048)
Attack = Callable[[Forge], str]


def hmac_with(encoding: Encoding, shape: PublicFormat) -> Attack:
    """The public key as the secret of an HMAC: the classic confusion of algorithms."""

    def attack(forge: Forge) -> str:
        secret = forge.key.public_key().public_bytes(encoding, shape)
        signed = f"{part({**forge.header, 'alg': 'HS256'})}.{part(forge.claims())}"
        return f"{signed}.{b64(hmac.digest(secret, signed.encode(), sha256))}"

    return attack


def unsigned(alg: str) -> Attack:
    return lambda forge: f"{part({**forge.header, 'alg': alg})}.{part(forge.claims())}."


def header(**changes: Any) -> Attack:
    return lambda forge: forge.with_header(**changes)


def claims(**changes: Any) -> Attack:
    return lambda forge: forge.sign(forge.claims(**changes))


def missing(name: str) -> Attack:
    return lambda forge: forge.sign(forge.without(name))


def own_key(**more: Any) -> Attack:
    """Signed by somebody else, who brings the key along."""
    return lambda forge: forge.sign(forge.claims(), {**forge.header, **more}, STRANGER)


NUMBERS = STRANGER.public_key().public_numbers()
OWN_JWK = {
    "kty": "RSA",
    "n": b64(NUMBERS.n.to_bytes(256, "big")),
    "e": b64(NUMBERS.e.to_bytes(3, "big")),
}
ATTACKS: dict[str, Attack] = {
    **{f"alg {alg}": unsigned(alg) for alg in ("none", "None", "nOnE", "")},
    "HMAC with PEM": hmac_with(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "HMAC with DER": hmac_with(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "alg PS256": header(alg="PS256"),
    "a stranger's signature": own_key(),
    "jwk in the header": own_key(jwk=OWN_JWK),
    "jku in the header": own_key(jku="http://127.0.0.1:1/keys"),
    "x5u in the header": own_key(x5u="http://127.0.0.1:1/cert"),
    "unknown crit": header(crit=["exp"]),
    "b64 false": header(b64=False, crit=["b64"]),
    "typ JWT": header(typ="JWT"),
    "no typ": header(typ=""),
    "unknown kid": header(kid="nobody"),
    "kid with traversal": header(kid="../../etc/passwd"),
    "kid with NUL": header(kid="a\0b"),
    "kid a number": header(kid=7),
    "kid a list": header(kid=["a"]),
    "long kid": header(kid="k" * 5000),
    **{
        f"no {name}": missing(name)
        for name in ("iss", "aud", "sub", "exp", "iat", "jti", "sid", "client_id", "role")
    },
    "iss with suffix": claims(iss="stitch-cms-api.evil.example"),
    "iss a list": claims(iss=["stitch-cms-api"]),
    "other aud": claims(aud="another"),
    "aud list without us": claims(aud=["another", "third"]),
    "expired": claims(exp=int(time()) - 120),
    "from the future": claims(iat=int(time()) + 3600),
    "not before": claims(nbf=int(time()) + 3600),
    "exp a text": claims(exp="9999999999"),
    "exp NaN": claims(exp=float("nan")),
    "exp infinite": claims(exp=float("inf")),
    "exp negative": claims(exp=-1),
    "exp true": claims(exp=True),
    "exp a fraction": claims(exp=time() + 600.5),
    "a claim twice": lambda forge: forge.sign(
        json.dumps(forge.claims()).encode()[:-1] + b', "role": "admin"}'
    ),
    "a padded signature": lambda forge: forge.role("viewer") + "==",
    "sub a name": claims(sub="admin"),
    "sub a number": claims(sub=1),
    "unknown role": claims(role="root"),
    "role a list": claims(role=["admin"]),
    "an extra dot": lambda forge: forge.sign(forge.claims()) + ".x",
    "two parts": lambda forge: forge.sign(forge.claims()).rpartition(".")[0],
    "changed role": lambda forge: ".".join(
        (
            forge.role("viewer").split(".")[0],
            part(forge.claims(role="admin")),
            forge.role("viewer").split(".")[2],
        )
    ),
    "huge": lambda forge: forge.sign(forge.claims(padding="x" * 9000)),
    "nested": lambda forge: f"{b64(b'[' * 3000)}.{part(forge.claims())}.x",
}


@pytest.fixture
async def forge(house: House) -> Forge:
    return await Forge.of(house)


async def ask(house: House, target: str, headers: Any) -> httpx.Response:
    return await house[target].client.get(PATHS[target], headers=headers)


@pytest.mark.parametrize("target", SERVICES)
async def test_a_genuine_token_passes(target: str, house: House) -> None:
    current = await Forge.of(house)

    answer = await ask(house, target, bearer(current.role("admin")))

    assert answer.status_code < 500
    assert answer.status_code == 200 or answer.json()["code"] not in REFUSALS


@pytest.mark.parametrize("target", SERVICES)
@pytest.mark.parametrize("attack", ATTACKS.values(), ids=ATTACKS.keys())
async def test_a_forged_token_is_refused(
    attack: Attack, target: str, house: House, forge: Forge
) -> None:
    answer = await ask(house, target, bearer(attack(forge)))

    assert answer.status_code in {401, 431}, answer.text
    assert answer.headers.get("www-authenticate", "Bearer").startswith("Bearer")


@pytest.mark.parametrize("target", SERVICES)
async def test_two_credentials_are_refused(target: str, house: House, forge: Forge) -> None:
    good = ("authorization", f"Bearer {forge.role('admin')}")

    answer = await ask(house, target, [good, good])

    assert answer.status_code in {400, 401}


@pytest.mark.parametrize("target", SERVICES)
@pytest.mark.parametrize("name", ["access_token", "token"])
async def test_a_token_in_the_address_or_a_cookie_is_no_credential(
    name: str, target: str, house: House, forge: Forge
) -> None:
    token = forge.role("admin")

    in_query = await house[target].client.get(f"{PATHS[target]}?{name}={token}")
    in_cookie = await ask(house, target, {"cookie": f"{name}={token}"})

    assert in_query.status_code in {400, 401}
    assert in_cookie.status_code == 401


@pytest.mark.parametrize("target", SERVICES)
async def test_identity_in_plain_headers_is_ignored(target: str, house: House) -> None:
    claimed = {"x-user-id": "1", "x-user-role": "admin", "x-forwarded-user": "admin"}

    assert (await ask(house, target, claimed)).status_code == 401
