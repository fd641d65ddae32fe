"""Which tokens are refused after which facts, for how long, and in how much memory (S15, S38)."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitch_common.contracts import Fact
from stitch_common.contracts.auth import (
    KeyRevoked,
    LoginSucceeded,
    SessionRevoked,
    TokenRevoked,
    UserDeactivated,
    UserDeleted,
    UserRoleChanged,
)
from stitch_common.security.principals import Principal, Role
from stitch_common.security.revocations import KEYS_KEPT_FOR, Revocations
from stitch_common.testing.clock import NOW, SettableClock

KID = "k1"
SECOND = timedelta(seconds=1)
TTL = timedelta(minutes=15)


def somebody(**changes: Any) -> Principal:
    values: dict[str, Any] = {
        "user_id": 7,
        "username": "ada",
        "role": Role.EDITOR,
        "scope": frozenset(),
        "client_id": "web",
        "session_id": "s1",
        "token_id": "t1",
        "issued_at": NOW,
        "expires_at": NOW + TTL,
    }
    return Principal(**{**values, **changes})


def ended(sid: str = "s1", **changes: Any) -> SessionRevoked:
    return SessionRevoked(**{"sid": sid, "user_id": 7, "reason": "logout", "at": NOW, **changes})


def role_changed(role: Role, *, version: int = 2) -> UserRoleChanged:
    return UserRoleChanged(user_id=7, version=version, role=role, at=NOW)


@pytest.fixture
def revocations(clock: SettableClock) -> Revocations:
    return Revocations(clock, token_ttl=TTL)


@pytest.mark.parametrize(
    "fact",
    [
        ended(),
        TokenRevoked(jti="t1", expires_at=NOW + TTL, at=NOW),
        KeyRevoked(kid=KID, at=NOW),
        UserDeactivated(user_id=7, version=2, at=NOW),
        UserDeleted(user_id=7, version=2, at=NOW),
        role_changed(Role.VIEWER),
    ],
    ids=lambda fact: type(fact).__name__,
)
def test_what_a_fact_revokes_is_refused_and_nothing_else(
    revocations: Revocations, fact: Fact
) -> None:
    other = somebody(user_id=8, session_id="s2", token_id="t2")

    revocations.note(fact)
    revocations.note(fact)

    assert revocations.covers(somebody(), KID)
    assert not revocations.covers(other, "k2")


def test_other_facts_revoke_nothing(revocations: Revocations) -> None:
    revocations.note(LoginSucceeded(user_id=7, sid="s1", at=NOW))

    assert not revocations.covers(somebody(), KID)


def test_a_token_with_the_new_role_works_in_the_same_second(revocations: Revocations) -> None:
    revocations.note(role_changed(Role.ADMIN))

    assert revocations.covers(somebody(role=Role.EDITOR), KID)
    assert not revocations.covers(somebody(role=Role.ADMIN), KID)


def test_an_older_change_of_role_that_comes_late_says_nothing(revocations: Revocations) -> None:
    revocations.note(role_changed(Role.ADMIN, version=3))

    revocations.note(role_changed(Role.VIEWER, version=2))

    assert not revocations.covers(somebody(role=Role.ADMIN), KID)


def test_who_was_activated_again_may_come_back_with_a_newer_token(
    revocations: Revocations,
) -> None:
    revocations.note(UserDeactivated(user_id=7, version=2, at=NOW))

    assert not revocations.covers(somebody(issued_at=NOW + SECOND), KID)


def test_a_session_is_remembered_until_its_last_token_has_expired_everywhere(
    revocations: Revocations, clock: SettableClock
) -> None:
    revocations.note(ended())

    clock.advance(TTL + timedelta(seconds=119))
    revocations.note(ended("s2", at=clock()))
    assert revocations.covers(somebody(), KID)

    clock.advance(SECOND)
    revocations.note(ended("s3", at=clock()))
    assert not revocations.covers(somebody(), KID)


def test_a_key_is_remembered_for_longer_than_any_copy_of_the_key_set_is_believed(
    revocations: Revocations, clock: SettableClock
) -> None:
    revocations.note(KeyRevoked(kid=KID, at=NOW))

    clock.advance(KEYS_KEPT_FOR - SECOND)
    revocations.note(ended("s2", at=clock()))

    assert revocations.covers(somebody(session_id="s9"), KID)


def test_more_than_there_is_room_for_refuses_older_tokens_rather_than_letting_one_in(
    clock: SettableClock,
) -> None:
    revocations = Revocations(clock, capacity=2)
    for number in range(3):
        revocations.note(ended(f"s{number}", at=NOW + number * SECOND))

    assert revocations.covers(somebody(session_id="s0"), KID)
    assert not revocations.covers(somebody(session_id="fine", issued_at=NOW + SECOND), KID)


@given(st.lists(st.integers(0, 30), max_size=60), st.integers(1, 5))
def test_however_little_room_there_is_no_revoked_session_gets_in(
    seconds: list[int], capacity: int
) -> None:
    revocations = Revocations(SettableClock(), capacity=capacity)

    for number, second in enumerate(seconds):
        revocations.note(ended(f"s{number}", at=NOW + second * SECOND))

    assert all(revocations.covers(somebody(session_id=f"s{n}"), KID) for n in range(len(seconds)))
