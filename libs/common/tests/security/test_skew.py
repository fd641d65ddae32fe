"""Clocks a minute apart neither keep anybody out nor let anybody in (S24, S80)."""

from datetime import timedelta

import pytest

from stitch_common.contracts.auth import (
    SessionRevoked,
    UserDeactivated,
    UserDeleted,
    UserRoleChanged,
)
from stitch_common.security.principals import InvalidTokenError, Role
from stitch_common.security.revocations import Revocations
from stitch_common.security.tokens import TokenVerifier
from stitch_common.testing.clock import NOW, SettableClock
from stitch_common.testing.tokens import AUDIENCE, ISSUER, Issuer

SKEWS = [timedelta(seconds=seconds) for seconds in (-60, -1, 0, 1, 60)]
LIFE = timedelta(minutes=15)


@pytest.fixture(params=SKEWS, ids=lambda skew: f"{skew.total_seconds():+.0f}s")
def skew(request: pytest.FixtureRequest) -> timedelta:
    """How far this verifier's clock is ahead of auth's."""
    found: timedelta = request.param
    return found


@pytest.fixture
def here(clock: SettableClock, skew: timedelta) -> SettableClock:
    return SettableClock(clock() + skew)


@pytest.fixture
def verifier(clock: SettableClock, here: SettableClock) -> TokenVerifier:
    return TokenVerifier(
        Issuer(clock),
        here,
        issuer=ISSUER,
        audience=AUDIENCE,
        revocations=Revocations(here, token_ttl=LIFE),
    )


async def test_a_token_works_from_the_moment_it_is_issued_to_its_last_second(
    verifier: TokenVerifier, clock: SettableClock, here: SettableClock
) -> None:
    token = Issuer(clock).token()

    first = await verifier.verify(token)
    here.advance(LIFE - timedelta(seconds=1))
    last = await verifier.verify(token)

    assert first == last


async def test_no_token_lives_two_minutes_longer_than_it_says(
    verifier: TokenVerifier, clock: SettableClock, here: SettableClock
) -> None:
    token = Issuer(clock).token()
    here.advance(LIFE + timedelta(minutes=2))

    with pytest.raises(InvalidTokenError):
        await verifier.verify(token)


async def test_an_ended_session_stays_ended_for_as_long_as_its_token_could_work(
    verifier: TokenVerifier, clock: SettableClock, here: SettableClock
) -> None:
    token = Issuer(clock).token()
    fact = SessionRevoked(sid="sid-1", user_id=1, reason="logout", at=clock())
    verifier.revocations.note(fact)

    for _ in range(18):
        with pytest.raises(InvalidTokenError):
            await verifier.verify(token)
        here.advance(timedelta(minutes=1))


@pytest.mark.parametrize("replica", SKEWS)
async def test_a_token_of_another_replica_of_auth_never_keeps_a_role_that_was_taken(
    replica: timedelta, verifier: TokenVerifier, clock: SettableClock
) -> None:
    token = Issuer(SettableClock(clock() + replica)).token(Role.ADMIN)
    verifier.revocations.note(UserRoleChanged(user_id=1, version=2, role="viewer", at=clock()))

    with pytest.raises(InvalidTokenError):
        await verifier.verify(token)


@pytest.mark.parametrize("fact", [UserDeactivated, UserDeleted])
@pytest.mark.parametrize("replica", SKEWS)
async def test_the_key_of_somebody_who_is_gone_opens_nothing_whichever_replica_took_it(
    replica: timedelta,
    fact: type[UserDeactivated | UserDeleted],
    verifier: TokenVerifier,
    clock: SettableClock,
) -> None:
    """A key has no session that ends with its owner's others."""
    token = Issuer(SettableClock(clock() + replica)).token(Role.ADMIN, sid="api-key_1")
    verifier.revocations.note(fact(user_id=1, version=2, at=clock()))

    with pytest.raises(InvalidTokenError):
        await verifier.verify(token)


async def test_who_is_let_in_again_at_once_stays_in(
    verifier: TokenVerifier, clock: SettableClock
) -> None:
    at = clock() - timedelta(seconds=1)
    verifier.revocations.note(UserDeactivated(user_id=1, version=2, at=at))

    principal = await verifier.verify(Issuer(clock).token(sid="sid-new"))

    assert principal.session_id == "sid-new"


async def test_a_session_of_the_same_second_as_an_ended_one_works(
    verifier: TokenVerifier, clock: SettableClock
) -> None:
    fact = SessionRevoked(sid="sid-1", user_id=1, reason="logout-all", at=NOW)
    verifier.revocations.note(fact)

    principal = await verifier.verify(Issuer(clock).token(sid="sid-new"))

    assert principal.session_id == "sid-new"
