"""What is published about a key."""

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers

from stitch_auth.keys.rules import public_jwk, thumbprint
from stitch_common.security.jwks import usable_key

# RFC 7638 §3.1
N = (
    "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJEC"
    "PebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2Qvz"
    "qY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZ"
    "u0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
)
THUMBPRINT = "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"


def test_the_key_id_is_the_thumbprint_of_rfc_7638() -> None:
    assert thumbprint({"e": "AQAB", "kty": "RSA", "n": N}) == THUMBPRINT


def test_a_published_key_verifies_signatures_and_holds_nothing_private() -> None:
    key = usable_key({"kty": "RSA", "n": N, "e": "AQAB", "use": "sig"})

    jwk = public_jwk(key)

    assert jwk == {
        "kty": "RSA", "use": "sig", "alg": "RS256", "kid": THUMBPRINT, "n": N, "e": "AQAB",
    }  # fmt: skip
    assert isinstance(key.public_numbers(), RSAPublicNumbers)
