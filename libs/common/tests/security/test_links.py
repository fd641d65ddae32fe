"""Tokens in mailed links: genuine, for one purpose, in one spelling, for a while."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from stitch_common.security.links import MAC_BYTES, TOKEN_LENGTH, InvalidLinkError, LinkSigner
from stitch_common.testing.clock import NOW, SettableClock

EXPIRES_AT = NOW + timedelta(days=1)


def key(byte: bytes) -> SecretStr:
    return SecretStr(b64encode(byte * 32).decode())


RINGS = {"rsvp": {"1": key(b"r")}, "verify-email": {"1": key(b"v")}}


@pytest.fixture
def signer(clock: SettableClock) -> LinkSigner:
    return LinkSigner(RINGS, clock)


@given(
    link_id=st.integers(0, 2**63 - 1),
    version=st.integers(0, 2**31 - 1),
    seconds=st.integers(1, 10**9),
)
def test_a_link_says_what_was_signed(link_id: int, version: int, seconds: int) -> None:
    signer = LinkSigner(RINGS, SettableClock())
    expires_at = NOW + timedelta(seconds=seconds)

    link = signer.verify(
        signer.sign("rsvp", link_id, version=version, expires_at=expires_at), "rsvp"
    )

    assert (link.id, link.version, link.expires_at) == (link_id, version, expires_at)


def test_the_same_link_is_the_same_token(signer: LinkSigner) -> None:
    first, second = (signer.sign("rsvp", 7, version=1, expires_at=EXPIRES_AT) for _ in range(2))

    assert first == second
    assert len(first) == TOKEN_LENGTH
    assert MAC_BYTES * 8 >= 128


def test_a_link_for_one_purpose_is_none_for_another(clock: SettableClock) -> None:
    shared = {"rsvp": {"1": key(b"s")}, "verify-email": {"1": key(b"s")}}
    signer = LinkSigner(shared, clock)

    with pytest.raises(InvalidLinkError):
        signer.verify(signer.sign("rsvp", 7, version=1, expires_at=EXPIRES_AT), "verify-email")


@pytest.mark.parametrize("position", range(TOKEN_LENGTH))
def test_no_character_can_be_another(position: int, signer: LinkSigner) -> None:
    token = signer.sign("rsvp", 7, version=1, expires_at=EXPIRES_AT)

    for other in "AQgw_-9z":
        if token[position] != other:
            with pytest.raises(InvalidLinkError):
                signer.verify(token[:position] + other + token[position + 1 :], "rsvp")


@given(st.text(max_size=100) | st.text("AZaz09-_=+/", min_size=TOKEN_LENGTH, max_size=TOKEN_LENGTH))
def test_nothing_else_is_a_link(text: str) -> None:
    with pytest.raises(InvalidLinkError):
        LinkSigner(RINGS, SettableClock()).verify(text, "rsvp")


def test_a_link_ends_with_its_time(signer: LinkSigner, clock: SettableClock) -> None:
    token = signer.sign("rsvp", 7, version=1, expires_at=EXPIRES_AT)

    clock.set(EXPIRES_AT - timedelta(seconds=1))
    assert signer.verify(token, "rsvp").id == 7

    clock.set(EXPIRES_AT)
    with pytest.raises(InvalidLinkError):
        signer.verify(token, "rsvp")


def test_an_older_key_is_believed_while_it_is_configured(clock: SettableClock) -> None:
    old = LinkSigner(RINGS, clock).sign("rsvp", 7, version=1, expires_at=EXPIRES_AT)
    both = LinkSigner({"rsvp": {"1": key(b"r"), "2": key(b"n")}}, clock)
    new = both.sign("rsvp", 7, version=1, expires_at=EXPIRES_AT)
    only_new = LinkSigner({"rsvp": {"2": key(b"n")}}, clock)

    assert both.verify(old, "rsvp") == both.verify(new, "rsvp") == only_new.verify(new, "rsvp")
    with pytest.raises(InvalidLinkError):
        only_new.verify(old, "rsvp")


def test_a_link_of_another_installation_is_worthless(clock: SettableClock) -> None:
    foreign = LinkSigner({"rsvp": {"1": key(b"x")}}, clock)

    with pytest.raises(InvalidLinkError):
        LinkSigner(RINGS, clock).verify(
            foreign.sign("rsvp", 7, version=1, expires_at=EXPIRES_AT), "rsvp"
        )


def test_an_empty_key_signs_nothing(clock: SettableClock) -> None:
    empty = LinkSigner({"rsvp": {"1": SecretStr("")}}, clock)

    with pytest.raises(InvalidLinkError):
        empty.verify(empty.sign("rsvp", 7, version=1, expires_at=EXPIRES_AT), "rsvp")


def test_a_time_in_another_zone_is_the_same_time(signer: LinkSigner) -> None:
    zoned = datetime.fromisoformat(EXPIRES_AT.isoformat()).astimezone()

    link = signer.verify(signer.sign("rsvp", 7, version=1, expires_at=zoned), "rsvp")

    assert link.expires_at == EXPIRES_AT
    assert link.expires_at.tzinfo is UTC
