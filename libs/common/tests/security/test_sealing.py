"""Secrets in rows: opened only with the key, in their place, unchanged (S36)."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from stitch_common.security.sealing import SealedBox, UnsealError


def key(byte: bytes, size: int = 32) -> SecretStr:
    return SecretStr(b64encode(byte * size).decode())


OLD = {"2025": key(b"o")}
BOTH = {**OLD, "2026": key(b"n")}


@given(st.binary(max_size=200), st.text(max_size=50))
def test_what_is_sealed_is_opened_in_its_place(secret: bytes, context: str) -> None:
    box = SealedBox(OLD)

    assert box.open(box.seal(secret, context), context) == secret


def test_the_same_secret_never_looks_the_same() -> None:
    box = SealedBox(OLD)

    first, second = box.seal(b"secret", "a"), box.seal(b"secret", "a")

    assert first != second
    assert b"secret" not in first
    assert first.startswith(b"2025:")


@pytest.mark.parametrize("context", ["b", "", "a "])
def test_a_secret_that_was_moved_stays_sealed(context: str) -> None:
    box = SealedBox(OLD)

    with pytest.raises(UnsealError):
        box.open(box.seal(b"secret", "a"), context)


def test_a_secret_that_was_touched_stays_sealed() -> None:
    box = SealedBox(OLD)
    sealed = box.seal(b"secret", "a")

    for position in range(len(sealed)):
        touched = bytearray(sealed)
        touched[position] ^= 1
        with pytest.raises(UnsealError):
            box.open(bytes(touched), "a")
    for length in range(len(sealed)):
        with pytest.raises(UnsealError):
            box.open(sealed[:length], "a")


def test_an_older_key_still_opens_and_wants_re_wrapping() -> None:
    old = SealedBox(OLD).seal(b"secret", "a")
    box = SealedBox(BOTH)

    assert box.open(old, "a") == b"secret"
    assert not box.is_current(old)
    assert box.is_current(box.seal(b"secret", "a"))


def test_a_wrong_key_opens_nothing() -> None:
    sealed = SealedBox(OLD).seal(b"secret", "a")

    for ring in ({"2025": key(b"x")}, {"2026": key(b"o")}):
        with pytest.raises(UnsealError):
            SealedBox(ring).open(sealed, "a")


@pytest.mark.parametrize("size", [0, 16, 31, 33])
def test_a_key_has_256_bits(size: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        SealedBox({"2025": key(b"k", size)})
