"""Refresh tokens can be made only with both the key and the row (S2, S9)."""

from base64 import b64encode
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from stitch_auth.sessions.models import Delivery, Session
from stitch_auth.tokens.rules import TOKEN_LENGTH, RefreshTokens, read
from stitch_common.testing.clock import NOW

RING = {"k1": SecretStr(b64encode(b"1" * 32).decode())}
NEWER = {**RING, "k2": SecretStr(b64encode(b"2" * 32).decode())}


def session(key_id: str = "k1") -> Session:
    return Session.begin(
        1,
        key_id=key_id,
        delivery=Delivery.COOKIE,
        scope="api",
        at=NOW,
        lasts=timedelta(days=1),
    )


def is_genuine(token: str, of: Session, tokens: RefreshTokens) -> bool:
    presented = read(token)
    return presented is not None and tokens.is_genuine(presented, of)


def test_one_generation_is_one_token_and_the_next_is_another() -> None:
    tokens, one = RefreshTokens(RING), session()

    first, same = tokens.make(one), tokens.make(one)
    one.generation += 1

    assert first == same
    assert tokens.make(one) != first


def test_every_generation_stays_recognisable() -> None:
    tokens, one = RefreshTokens(RING), session()
    first = tokens.make(one)

    for _ in range(5):
        one.generation += 1

    presented = read(first)
    assert presented is not None
    assert presented.generation == 0
    assert tokens.is_genuine(presented, one)


def test_a_token_of_another_session_is_not_genuine() -> None:
    tokens, one, other = RefreshTokens(RING), session(), session()
    other.sid = one.sid

    assert not is_genuine(tokens.make(other), one, tokens)


def test_the_row_alone_makes_no_token() -> None:
    one = session()
    stolen = RefreshTokens({"k1": SecretStr(b64encode(b"x" * 32).decode())}).make(one)

    assert not is_genuine(stolen, one, RefreshTokens(RING))


def test_tokens_of_an_older_key_work_while_it_is_configured() -> None:
    one = session()
    token = RefreshTokens(RING).make(one)

    assert is_genuine(token, one, RefreshTokens(NEWER))
    assert not is_genuine(token, one, RefreshTokens({"k2": NEWER["k2"]}))
    assert RefreshTokens(NEWER).current_key_id == "k2"


@pytest.mark.parametrize("position", range(0, TOKEN_LENGTH, 7))
def test_a_token_with_another_character_is_not_genuine(position: int) -> None:
    tokens, one = RefreshTokens(RING), session()
    token = tokens.make(one)
    other = "A" if token[position] != "A" else "B"

    assert not is_genuine(token[:position] + other + token[position + 1 :], one, tokens)


@given(st.text(max_size=100) | st.text("Aa0-_=", min_size=TOKEN_LENGTH, max_size=TOKEN_LENGTH))
def test_reading_anything_never_fails(text: str) -> None:
    presented = read(text)

    assert presented is None or len(presented.sid) == 32
