"""Which access tokens are believed (S18-S28); the gateway and every service run this code."""

import base64
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from time import process_time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from stitch_common.contracts.auth import KeyRevoked, SessionRevoked, TokenRevoked
from stitch_common.security.jws import MAX_TOKEN
from stitch_common.security.principals import InvalidTokenError, Principal, Role
from stitch_common.security.tokens import LEEWAY, TokenVerifier
from stitch_common.testing.clock import NOW, SettableClock
from stitch_common.testing.tokens import AUDIENCE, ISSUER, KID, Issuer, test_key

HEADER = {"alg": "RS256", "typ": "at+jwt", "kid": KID}
CLAIMS: dict[str, Any] = {
    "iss": ISSUER,
    "aud": AUDIENCE,
    "sub": "7",
    "uname": "ada",
    "role": "editor",
    "scope": "api offline_access",
    "client_id": "web",
    "sid": "s1",
    "jti": "t1",
    "iat": int(NOW.timestamp()),
    "exp": int((NOW + timedelta(minutes=15)).timestamp()),
}


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def part(value: Any) -> str:
    return b64(value if isinstance(value, bytes) else json.dumps(value).encode())


def sign(header: Any = HEADER, claims: Any = CLAIMS) -> str:
    """A compact JWS by hand, so that the library has no say in what goes in."""
    signed = f"{part(header)}.{part(claims)}"
    signature = test_key().sign(signed.encode(), padding.PKCS1v15(), SHA256())
    return f"{signed}.{b64(signature)}"


class CountingKeys(Issuer):
    """The issuer's keys, and which ids were asked for."""

    def __init__(self, clock: SettableClock) -> None:
        super().__init__(clock)
        self.asked: list[str] = []

    async def find(self, kid: str) -> rsa.RSAPublicKey | None:
        self.asked.append(kid)
        return await super().find(kid)


@pytest.fixture
def keys(clock: SettableClock) -> CountingKeys:
    return CountingKeys(clock)


@pytest.fixture
def verifier(clock: SettableClock, keys: CountingKeys) -> TokenVerifier:
    return TokenVerifier(keys, clock, issuer=ISSUER, audience=AUDIENCE)


async def test_a_genuine_token_names_its_owner(verifier: TokenVerifier) -> None:
    principal = await verifier.verify(sign())

    assert principal == Principal(
        user_id=7,
        username="ada",
        role=Role.EDITOR,
        scope=frozenset({"api", "offline_access"}),
        client_id="web",
        session_id="s1",
        token_id="t1",
        issued_at=NOW,
        expires_at=NOW + timedelta(minutes=15),
        key_id=KID,
    )


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt"])
async def test_the_type_of_an_access_token_is_not_case_sensitive(
    typ: str, verifier: TokenVerifier
) -> None:
    assert (await verifier.verify(sign({**HEADER, "typ": typ}))).user_id == 7


async def test_an_audience_among_others_will_do(verifier: TokenVerifier) -> None:
    assert (await verifier.verify(sign(claims={**CLAIMS, "aud": ["other", AUDIENCE]}))).user_id == 7


@pytest.mark.parametrize("alg", ["none", "None", "nOnE", "NONE", "", None, 1, ["RS256"], "RS384"])
@pytest.mark.parametrize("signature", ["", "AAAA", None])
async def test_other_algorithms_are_refused(
    alg: Any, signature: str | None, verifier: TokenVerifier
) -> None:
    token = sign({**HEADER, "alg": alg})
    if signature is not None:
        token = f"{token.rpartition('.')[0]}.{signature}"

    with pytest.raises(InvalidTokenError):
        await verifier.verify(token)


def spellings_of_the_public_key() -> list[bytes]:
    """What an attacker may take for a shared secret: every published form of the key."""
    public = test_key().public_key()
    jwk = jwt.algorithms.RSAAlgorithm.to_jwk(public)
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    return [
        pem,
        pem.strip(),
        public.public_bytes(Encoding.PEM, PublicFormat.PKCS1),
        public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
        public.public_bytes(Encoding.DER, PublicFormat.PKCS1),
        jwk.encode(),
        json.dumps({"keys": [json.loads(jwk)]}).encode(),
        b"",
        b"\0",
    ]


@pytest.mark.parametrize("secret", spellings_of_the_public_key())
@pytest.mark.parametrize("alg", ["HS256", "hs256", "RS256"])
async def test_the_public_key_is_no_shared_secret(
    secret: bytes, alg: str, verifier: TokenVerifier
) -> None:
    signed = f"{part({**HEADER, 'alg': alg})}.{part(CLAIMS)}"
    mac = hmac.new(secret, signed.encode(), sha256).digest()

    with pytest.raises(InvalidTokenError):
        await verifier.verify(f"{signed}.{b64(mac)}")


async def test_a_key_in_the_token_is_not_used_and_nothing_is_fetched(
    verifier: TokenVerifier, keys: CountingKeys
) -> None:
    own = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    jwk = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(own.public_key()))
    injected = {
        "jwk": {**jwk, "kid": KID},
        "jku": "http://127.0.0.1:9/jwks.json",
        "x5u": "http://127.0.0.1:9/cert.pem",
        "x5c": ["MIIB"],
        "x5t": "AAAA",
    }
    signed = f"{part({**HEADER, **injected})}.{part(CLAIMS)}"
    signature = own.sign(signed.encode(), padding.PKCS1v15(), SHA256())

    with pytest.raises(InvalidTokenError):
        await verifier.verify(f"{signed}.{b64(signature)}")

    assert keys.asked == [KID]


@pytest.mark.parametrize(
    "change",
    [
        {"crit": ["exp"]},
        {"crit": []},
        {"crit": ["b64"], "b64": False},
        {"b64": False},
        {"b64": True},
        {"typ": "JWT"},
        {"typ": "jwt"},
        {"typ": "id+jwt"},
        {"typ": "rsvp"},
        {"typ": ""},
        {"typ": None},
        {"typ": ["at+jwt"]},
        {"kid": None},
        {"kid": ""},
        {"kid": 1},
        {"kid": ["test-key"]},
        {"kid": {"$ne": ""}},
        {"kid": "../../etc/passwd"},
        {"kid": "test-key\x00"},
        {"kid": "' or 1=1 --"},
        {"kid": "x" * 129},
        {"kid": "x" * 4000},
    ],
)
async def test_odd_headers_are_refused(change: dict[str, Any], verifier: TokenVerifier) -> None:
    with pytest.raises(InvalidTokenError):
        await verifier.verify(sign({**HEADER, **change}))


@pytest.mark.parametrize("name", ["alg", "typ", "kid"])
async def test_a_header_needs_its_members(name: str, verifier: TokenVerifier) -> None:
    header = {key: value for key, value in HEADER.items() if key != name}

    with pytest.raises(InvalidTokenError):
        await verifier.verify(sign(header))


@pytest.mark.parametrize(
    "name", ["iss", "aud", "sub", "role", "client_id", "sid", "jti", "iat", "exp"]
)
async def test_a_token_needs_its_claims(name: str, verifier: TokenVerifier) -> None:
    absent = {key: value for key, value in CLAIMS.items() if key != name}

    for claims in (absent, {**CLAIMS, name: None}, {**CLAIMS, name: ""}, {**CLAIMS, name: {}}):
        with pytest.raises(InvalidTokenError):
            await verifier.verify(sign(claims=claims))


@pytest.mark.parametrize(
    "change",
    [
        {"iss": f"{ISSUER}.evil"},
        {"iss": ISSUER[:-1]},
        {"iss": [ISSUER]},
        {"iss": ISSUER.upper()},
        {"aud": "another"},
        {"aud": ["another", "third"]},
        {"aud": []},
        {"aud": f"{AUDIENCE} "},
        {"aud": {AUDIENCE: 1}},
        {"aud": [1]},
        {"sub": 7},
        {"sub": "ada"},
        {"sub": "-7"},
        {"sub": "7.0"},
        {"sub": "9" * 5000},
        {"role": "root"},
        {"role": "ADMIN"},
        {"role": ["admin"]},
        {"jti": 1},
        {"sid": 1},
        {"client_id": ["web"]},
    ],
)
async def test_wrong_claims_are_refused(change: dict[str, Any], verifier: TokenVerifier) -> None:
    with pytest.raises(InvalidTokenError):
        await verifier.verify(sign(claims={**CLAIMS, **change}))


ODD_NUMBERS = [
    "1e400", "-1e400", "NaN", "Infinity", "-Infinity", "-1", "true", '"1772452800"', "[1]",
    "99999999999999999999", "1" * 5000,
]  # fmt: skip


@pytest.mark.parametrize("number", ODD_NUMBERS)
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
async def test_odd_times_are_refused(name: str, number: str, verifier: TokenVerifier) -> None:
    claims = json.dumps({**CLAIMS, name: "@"}).replace('"@"', number)

    with pytest.raises(InvalidTokenError):
        await verifier.verify(sign(claims=claims.encode()))


async def test_a_token_expires_with_a_little_leeway(
    verifier: TokenVerifier, clock: SettableClock
) -> None:
    token, lifetime = sign(), timedelta(minutes=15)

    clock.set(NOW + lifetime + LEEWAY - timedelta(seconds=1))
    assert (await verifier.verify(token)).user_id == 7

    clock.set(NOW + lifetime + LEEWAY)
    with pytest.raises(InvalidTokenError):
        await verifier.verify(token)
    assert timedelta(seconds=60) >= LEEWAY


@pytest.mark.parametrize("name", ["iat", "nbf"])
async def test_a_token_of_the_future_is_not_valid_yet(name: str, verifier: TokenVerifier) -> None:
    soon, later = (int((NOW + LEEWAY).timestamp()) + seconds for seconds in (0, 2))

    assert (await verifier.verify(sign(claims={**CLAIMS, name: soon}))).user_id == 7
    with pytest.raises(InvalidTokenError):
        await verifier.verify(sign(claims={**CLAIMS, name: later}))


ODD_CLAIMS: list[Any] = [
    None,
    True,
    0,
    -1,
    7,
    1e3,
    1e400,
    "",
    "7",
    ISSUER,
    AUDIENCE,
    [],
    [AUDIENCE],
    {},
    "viewer",
]
CHANGES = st.dictionaries(
    st.sampled_from([*CLAIMS, "nbf", "other"]), st.sampled_from(ODD_CLAIMS), max_size=2
)


def is_believed_by_pyjwt(token: str) -> bool:
    """What PyJWT makes of it, when it is asked for as much as it can check."""
    try:
        jwt.decode(
            token,
            test_key().public_key(),
            algorithms=["RS256"],
            audience=AUDIENCE,
            issuer=ISSUER,
            options={
                "require": ["exp", "iat", "aud", "iss", "sub", "jti"],
                "verify_exp": False,
                "verify_iat": False,
                "verify_nbf": False,
            },
        )
    except (jwt.PyJWTError, ValueError, TypeError, OverflowError):
        return False
    return True


@given(change=CHANGES, header=st.sampled_from([HEADER, {**HEADER, "alg": "RS512"}, {"kid": KID}]))
async def test_whom_we_believe_pyjwt_believes(
    change: dict[str, Any], header: dict[str, Any]
) -> None:
    clock = SettableClock()
    verifier = TokenVerifier(Issuer(clock), clock, issuer=ISSUER, audience=AUDIENCE)
    token = sign(header, {**CLAIMS, **change})
    try:
        await verifier.verify(token)
    except InvalidTokenError:
        return

    assert is_believed_by_pyjwt(token)


DEEP = b'{"a":' + b"[" * 2500 + b"]" * 2500 + b"}"


def damaged() -> dict[str, str]:
    header, claims, signature = sign().split(".")
    return {
        "empty": "",
        "dots": "...",
        "two parts": f"{header}.{claims}",
        "four parts": f"{header}.{claims}.{signature}.",
        "leading dot": f".{header}.{claims}.{signature}",
        "encrypted, five parts": f"{header}.{claims}.{signature}.{claims}.{signature}",
        "JSON serialisation": json.dumps(
            {"protected": header, "payload": claims, "signature": signature}
        ),
        "no signature": f"{header}.{claims}.",
        "a claim twice": sign(claims=json.dumps(CLAIMS).encode()[:-1] + b',"role":"admin"}'),
        "a fraction": sign(claims={**CLAIMS, "iat": NOW.timestamp() + 0.5}),
        "another signature": f"{header}.{claims}.{b64(bytes(256))}",
        "claims of another": f"{header}.{part({**CLAIMS, 'sub': '1'})}.{signature}",
        "signed detached": f"{header}..{signature}",
        "header is a list": sign(header=[HEADER]),
        "claims are a list": sign(claims=[CLAIMS]),
        "claims are a text": sign(claims="7"),
        "claims are no JSON": sign(claims=b"{"),
        "claims are no UTF-8": sign(claims=b"\xff\xfe"),
        "not ASCII": sign() + "é",
        "deep header": f"{part(b'[' * 5000)}.{claims}.{signature}",
        "deep member": f"{part(DEEP)}.{claims}.{signature}",
        "too long": sign() + "A" * MAX_TOKEN,
    }


@pytest.mark.parametrize("token", damaged().values(), ids=damaged().keys())
async def test_what_is_no_compact_token_is_refused(token: str, verifier: TokenVerifier) -> None:
    with pytest.raises(InvalidTokenError):
        await verifier.verify(token)


async def test_deep_claims_are_refused_even_when_signed(verifier: TokenVerifier) -> None:
    with pytest.raises(InvalidTokenError):
        await verifier.verify(sign(claims=DEEP))


@given(token=st.text(max_size=60) | st.text("abAB01._-=", max_size=200))
async def test_nothing_that_is_typed_at_random_is_believed(token: str) -> None:
    clock = SettableClock()
    verifier = TokenVerifier(Issuer(clock), clock, issuer=ISSUER, audience=AUDIENCE)

    with pytest.raises(InvalidTokenError):
        await verifier.verify(token)


async def test_a_megabyte_is_refused_without_looking(
    verifier: TokenVerifier, keys: CountingKeys
) -> None:
    token = sign() + "A" * 1_000_000
    began = process_time()

    with pytest.raises(InvalidTokenError):
        await verifier.verify(token)

    assert process_time() - began < 0.05
    assert keys.asked == []


async def test_a_key_that_the_issuer_does_not_know_is_not_trusted(
    verifier: TokenVerifier,
) -> None:
    with pytest.raises(InvalidTokenError):
        await verifier.verify(sign({**HEADER, "kid": "unknown"}))


async def test_a_token_is_verified_once_and_remembered(
    verifier: TokenVerifier, keys: CountingKeys
) -> None:
    token = sign()

    for _ in range(5):
        await verifier.verify(token)

    assert keys.asked == [KID]


async def test_no_more_is_remembered_than_there_is_room_for(
    clock: SettableClock, keys: CountingKeys
) -> None:
    verifier = TokenVerifier(keys, clock, issuer=ISSUER, audience=AUDIENCE, cache_size=2)
    tokens = [sign(claims={**CLAIMS, "jti": name}) for name in "abc"]

    for token in (*tokens, tokens[2], tokens[1], tokens[0]):
        await verifier.verify(token)

    assert len(keys.asked) == 4


Respell = Callable[[str], str]


@pytest.mark.parametrize(
    "respell", [lambda token: token, lambda token: token + "=", lambda token: token + "=="]
)
async def test_a_revoked_token_is_refused_in_every_spelling_also_when_remembered(
    respell: Respell, clock: SettableClock, keys: CountingKeys
) -> None:
    for fact in (
        SessionRevoked(sid="s1", user_id=7, reason="logout", at=NOW),
        TokenRevoked(jti="t1", expires_at=NOW + timedelta(minutes=15), at=NOW),
        KeyRevoked(kid=KID, at=NOW),
    ):
        verifier = TokenVerifier(keys, clock, issuer=ISSUER, audience=AUDIENCE)
        await verifier.verify(sign())

        verifier.revocations.note(fact)

        with pytest.raises(InvalidTokenError):
            await verifier.verify(respell(sign()))
