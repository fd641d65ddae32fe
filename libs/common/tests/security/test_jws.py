"""Which bytes are a signed token, and that they have one reading only (S18, S20, S24, S26, S27).

PyJWT reads along: whatever is believed here, it believes, and understands the same.
"""

import base64
import json
from collections.abc import Callable
from hashlib import sha1, sha256, sha512
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from hypothesis import example, given
from hypothesis import strategies as st

from stitch_common.security.jws import (
    MAX_BRACKETS,
    MAX_TOKEN,
    Compact,
    MalformedTokenError,
    decoded,
    members,
    sign,
)
from stitch_common.testing.tokens import test_key

PRIVATE, PUBLIC = test_key(), test_key().public_key()
HEADER = b'{"alg":"RS256","typ":"at+jwt","kid":"k"}'
CLAIMS = b'{"sub":"7","exp":1772452800}'
URLSAFE = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed(header: str, claims: str) -> str:
    """With a genuine signature over whatever these segments are."""
    content = f"{header}.{claims}"
    return f"{content}.{b64(PRIVATE.sign(content.encode(), padding.PKCS1v15(), SHA256()))}"


def token_of(claims: bytes) -> bytes:
    return signed(b64(HEADER), b64(claims)).encode()


def read_by_pyjwt(token: bytes) -> Any:
    """The claims, or None if it refuses them; times and audiences are not looked at."""
    unchecked: jwt.types.Options = {
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
        "verify_aud": False,
        "verify_sub": False,
        "verify_jti": False,
    }
    try:
        return jwt.decode(token, PUBLIC, algorithms=["RS256"], options=unchecked)
    except (jwt.PyJWTError, ValueError):
        return None


def taken_apart(token: bytes) -> Compact:
    return Compact.of(token.decode("latin-1"))


def read_by_us(token: bytes) -> Any:
    """The claims, or None if header, signature or claims are refused."""
    try:
        compact = taken_apart(token)
        members(compact.header)
        return compact.claims(PUBLIC)
    except ValueError:
        return None


def test_the_example_of_the_standard_is_verified() -> None:
    """RFC 7515, appendix A.2: with line breaks, as JSON allows them."""
    modulus = (
        "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0"
        "Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXnd"
        "S5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5Ihl"
        "JH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
    )
    token = (
        b"eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxl"
        b"LmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZm"
        b"h7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyT"
        b"yWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqt"
        b"FZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_Io"
        b"ypGlUPQGe77Rw"
    )
    key = RSAPublicNumbers(65537, int.from_bytes(decoded(modulus.encode()))).public_key()

    claims = taken_apart(token).claims(key)

    assert claims == {"iss": "joe", "exp": 1300819380, "http://example.com/is_root": True}
    assert members(taken_apart(token).header) == {"alg": "RS256"}


def test_what_is_signed_here_is_read_here_and_by_others() -> None:
    claims = {"sub": "7", "uname": "Ägäis", "exp": 1772452800}

    token = sign({"typ": "at+jwt", "kid": "k"}, claims, PRIVATE).encode()

    assert read_by_us(token) == read_by_pyjwt(token) == claims
    header = {"alg": "RS256", "typ": "at+jwt", "kid": "k"}
    assert members(taken_apart(token).header) == jwt.get_unverified_header(token) == header


def with_spare_bits(segment: str) -> str:
    """Another spelling of the same bytes: the last character has bits that count for nothing."""
    return segment[:-1] + URLSAFE[URLSAFE.index(segment[-1]) + 1]


RESPELLINGS: dict[str, Callable[[str], str]] = {
    "padded": lambda segment: segment + "=" * (-len(segment) % 4),
    "padded too much": lambda segment: segment + "====",
    "spare bits": with_spare_bits,
    "a line break": lambda segment: segment + "\n",
    "a line break inside": lambda segment: f"{segment[:8]}\r\n{segment[8:]}",
    "a space": lambda segment: f"{segment[:8]} {segment[8:]}",
    "a character of no alphabet": lambda segment: f"{segment[:8]}!{segment[8:]}",
    "one character more": lambda segment: segment + "A" * ((1 - len(segment)) % 4),
}


@pytest.mark.parametrize("respell", RESPELLINGS.values(), ids=RESPELLINGS.keys())
@pytest.mark.parametrize("part", range(3))
def test_every_part_has_one_spelling_only(respell: Callable[[str], str], part: int) -> None:
    """S26, and Wycheproof's padded and re-encoded tokens: genuine, but for how they are spelled."""
    parts = signed(b64(HEADER), b64(CLAIMS)).split(".")
    assert read_by_us(".".join(parts).encode()) is not None
    parts[part] = respell(parts[part])
    respelled = ".".join(parts) if part == 2 else signed(*parts[:2])

    assert read_by_us(respelled.encode()) is None


def test_the_other_alphabet_of_base64_is_not_ours() -> None:
    odd = b'{"sub":"\xc3\xbf\xc3\xbf\xc3\xbe?>?>"}'
    standard = base64.b64encode(odd).decode().rstrip("=")
    assert {"+", "/"} & set(standard)

    assert read_by_us(token_of(odd)) == json.loads(odd)
    assert read_by_us(signed(b64(HEADER), standard).encode()) is None


UNREADABLE = {
    "a member twice": b'{"sub":"7","sub":"8"}',
    "a member twice, spelled differently": b'{"sub":"7","\\u0073ub":"8"}',
    "a member twice further down": b'{"a":{"b":1,"b":2}}',
    "a fraction": b'{"exp":1772452800.5}',
    "an exponent": b'{"exp":1e400}',
    "a small exponent": b'{"exp":1E1}',
    "not a number": b'{"exp":NaN}',
    "infinite": b'{"exp":-Infinity}',
    "a leading zero": b'{"exp":01}',
    "more digits than can be read": b'{"exp":' + b"1" * 5000 + b"}",
    "a list": b'["sub"]',
    "a text": b'"sub"',
    "nothing": b"",
    "null": b"null",
    "two objects": b"{}{}",
    "something behind": b'{"sub":"7"}x',
    "NUL behind": b'{"sub":"7"}\0',
    "a comma too many": b'{"sub":"7",}',
    "a comment": b'{"sub":"7"/**/}',
    "single quotes": b"{'sub':'7'}",
    "a control character": b'{"sub":"7\n"}',
    "no UTF-8": b'{"sub":"\xff"}',
    "overlong UTF-8": b'{"sub":"\xc0\xaf"}',
    "a byte order mark": b'\xef\xbb\xbf{"sub":"7"}',
    "UTF-16": '{"sub":"7"}'.encode("utf-16"),
    "UTF-32": '{"sub":"7"}'.encode("utf-32"),
    "too deep": b'{"a":' * (MAX_BRACKETS + 1) + b"1" + b"}" * (MAX_BRACKETS + 1),
    "very deep": b'{"a":' + b"[" * 2500 + b"]" * 2500 + b"}",
    "deep without an end": b"[" * 5000,
}


@pytest.mark.parametrize("raw", UNREADABLE.values(), ids=UNREADABLE.keys())
def test_what_could_be_read_in_two_ways_is_refused_even_when_signed(raw: bytes) -> None:
    """S20, S24, S27."""
    assert read_by_us(token_of(raw)) is None


def test_some_nesting_is_readable() -> None:
    raw = b'{"a":' + b"[" * (MAX_BRACKETS - 1) + b"]" * (MAX_BRACKETS - 1) + b"}"

    assert read_by_us(token_of(raw)) == json.loads(raw)


def without_pkcs1(encoded: bytes) -> bytes:
    """A token whose signature is this message under the bare RSA operation."""
    content = f"{b64(HEADER)}.{b64(CLAIMS)}"
    numbers = PRIVATE.private_numbers()
    message = int.from_bytes(encoded)
    bare = pow(message, numbers.d, numbers.public_numbers.n).to_bytes(256)
    return f"{content}.{b64(bare)}".encode()


DIGEST = sha256(f"{b64(HEADER)}.{b64(CLAIMS)}".encode()).digest()
SHA256_INFO = bytes.fromhex("3031300d060960864801650304020105000420")
GENUINE = b"\0\1" + b"\xff" * 202 + b"\0" + SHA256_INFO + DIGEST
NO_NULL = bytes.fromhex("302f300b0609608648016503040201" + "0420")
SHA1_INFO = bytes.fromhex("3021300906052b0e03021a05000414")
SHA512_INFO = bytes.fromhex("3051300d060960864801650304020305000440")
CONTENT = f"{b64(HEADER)}.{b64(CLAIMS)}".encode()


def padded(info: bytes, *, start: bytes = b"\0\1", filler: bytes = b"\xff") -> bytes:
    return start + filler * (256 - len(start) - 1 - len(info)) + b"\0" + info


BAD_PADDING = {
    "zeroes for ones": padded(SHA256_INFO + DIGEST, filler=b"\0"),
    "the block type of encryption": padded(SHA256_INFO + DIGEST, start=b"\0\2"),
    "no block type": padded(SHA256_INFO + DIGEST, start=b"\0\0"),
    "short, with the rest behind the digest": (
        b"\0\1" + b"\xff" * 8 + b"\0" + SHA256_INFO + DIGEST + bytes(194)
    ),
    "no parameters of the algorithm": padded(NO_NULL + DIGEST),
    "a digest without its name": padded(DIGEST),
    "SHA-1": padded(SHA1_INFO + sha1(CONTENT).digest()),  # noqa: S324 - to be refused
    "SHA-512": padded(SHA512_INFO + sha512(CONTENT).digest()),
    "half a digest": padded(SHA256_INFO + DIGEST[:16]),
    "a longer length": padded(SHA256_INFO.replace(b"\x04\x20", b"\x04\x81\x20") + DIGEST),
}


def test_the_signatures_below_are_wrong_in_their_padding_only() -> None:
    assert read_by_us(without_pkcs1(GENUINE)) == json.loads(CLAIMS)


@pytest.mark.parametrize("encoded", BAD_PADDING.values(), ids=BAD_PADDING.keys())
def test_a_signature_is_padded_exactly_as_the_standard_says(encoded: bytes) -> None:
    """S18: Bleichenbacher's forgery and its relatives (RFC 8017 §8.2.2, Wycheproof)."""
    assert read_by_us(without_pkcs1(encoded)) is None


@pytest.mark.parametrize(
    "signature", [b"", b"\0", bytes(256), b"\xff" * 256, bytes(255), bytes(257), bytes(2000)]
)
def test_what_is_no_signature_verifies_nothing(signature: bytes) -> None:
    assert read_by_us(CONTENT + b"." + b64(signature).encode()) is None


def test_a_signature_with_the_modulus_added_is_another_spelling_and_refused() -> None:
    """The same number modulo n: RFC 8017 §5.2.2 demands the smaller one."""
    genuine = PRIVATE.sign(CONTENT, padding.PKCS1v15(), SHA256())
    larger = int.from_bytes(genuine) + PUBLIC.public_numbers().n

    for length in (256, 257):
        if larger.bit_length() <= length * 8:
            respelled = CONTENT + b"." + b64(larger.to_bytes(length)).encode()
            assert read_by_us(respelled) is None


def test_length_is_looked_at_first() -> None:
    """S27: a genuine signature does not help."""
    assert read_by_us(token_of(b'{"a":"' + b"x" * MAX_TOKEN + b'"}')) is None
    with pytest.raises(MalformedTokenError):
        taken_apart(b"A" * 1_000_000)


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3)
    ),
    max_leaves=6,
)
objects = st.dictionaries(st.text(max_size=4), values, max_size=4).map(
    lambda found: json.dumps(found).encode()
)
pieces = st.lists(
    st.sampled_from(
        [b'{"a":1', b',"a":2', b',"b":"c"', b"}", b" ", b"\n", b"[", b"]", b"1e3", b"NaN", b"\xff"]
    ),
    max_size=8,
).map(b"".join)


@given(claims=objects | pieces | st.binary(max_size=20), spelling=st.sampled_from(["", "=", "\n"]))
@example(claims=b'{"a":1}', spelling="")
@example(claims=b'{"a":1,"a":2}', spelling="")
def test_what_is_believed_here_is_believed_by_pyjwt_and_means_the_same(
    claims: bytes, spelling: str
) -> None:
    token = signed(b64(HEADER), b64(claims) + spelling).encode()
    found = read_by_us(token)

    assert found is None or found == read_by_pyjwt(token)


@given(claims=st.dictionaries(st.text(max_size=6), st.text(max_size=6) | st.integers(), max_size=6))
def test_what_is_flat_and_well_formed_is_believed_by_both(claims: dict[str, Any]) -> None:
    token = sign({"kid": "k"}, claims, PRIVATE).encode()

    assert read_by_us(token) == claims
    assert members(token.split(b".")[1]) == json.loads(decoded(token.split(b".")[1]))


@given(place=st.integers(0, 700), other=st.sampled_from(URLSAFE))
def test_a_token_with_another_character_is_not_believed(place: int, other: str) -> None:
    genuine = signed(b64(HEADER), b64(CLAIMS))
    place %= len(genuine)
    changed = genuine[:place] + other + genuine[place + 1 :]

    assert (read_by_us(changed.encode()) is not None) == (changed == genuine)


@given(raw=st.binary(max_size=40))
def test_bytes_and_their_spelling_belong_together(raw: bytes) -> None:
    assert decoded(b64(raw).encode()) == raw


@given(segment=st.binary(max_size=12) | st.text(URLSAFE, max_size=12).map(str.encode))
def test_there_is_no_second_spelling_of_any_bytes(segment: bytes) -> None:
    try:
        raw = decoded(segment)
    except ValueError:
        return

    assert b64(raw).encode() == segment
