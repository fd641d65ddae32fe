"""What a family makes of its tokens (S3, S4, S10, S15)."""

from datetime import timedelta

from stitch_auth.refreshing.models import Family, Owner, Verdict
from stitch_auth.sessions.models import Delivery
from stitch_common.security.principals import Role
from stitch_common.testing.clock import NOW

GRACE = timedelta(seconds=30)
IDLE = timedelta(days=14)


def family(*, lasts: timedelta = timedelta(days=90)) -> Family:
    return Family(
        owner=Owner(1, "ada", Role.VIEWER, is_usable=True),
        sid="0" * 32,
        seed=b"seed",
        key_id="k1",
        generation=0,
        rotated_at=NOW,
        delivery=Delivery.COOKIE,
        scope="api",
        idle_expires_at=NOW + IDLE,
        expires_at=NOW + lasts,
        ended_at=None,
    )


def test_the_previous_token_repeats_for_the_grace_and_not_longer() -> None:
    one = family()
    one.rotate(NOW, idle_ttl=IDLE)

    assert one.judge(1, NOW, grace=GRACE) is Verdict.CURRENT
    assert one.judge(0, NOW + GRACE, grace=GRACE) is Verdict.REPEATED
    late = NOW + GRACE + timedelta(milliseconds=1)
    assert one.judge(0, late, grace=GRACE) is Verdict.REPLAYED


def test_an_older_token_is_a_replay_even_within_the_grace() -> None:
    one = family()
    one.rotate(NOW, idle_ttl=IDLE)
    one.rotate(NOW, idle_ttl=IDLE)

    assert one.judge(0, NOW, grace=GRACE) is Verdict.REPLAYED
    assert one.judge(1, NOW, grace=GRACE) is Verdict.REPEATED


def test_a_family_that_is_not_used_ends() -> None:
    one = family()

    assert one.judge(0, NOW + IDLE - timedelta(seconds=1), grace=GRACE) is Verdict.CURRENT
    assert one.judge(0, NOW + IDLE, grace=GRACE) is Verdict.ENDED


def test_rotating_puts_the_end_off_but_never_beyond_the_last_one() -> None:
    one = family(lasts=timedelta(days=20))

    one.rotate(NOW + timedelta(days=10), idle_ttl=IDLE)

    assert one.idle_expires_at == NOW + timedelta(days=20)


def test_a_family_that_was_ended_is_over() -> None:
    one = family()
    one.ended_at = NOW

    assert one.judge(0, NOW, grace=GRACE) is Verdict.ENDED


def test_the_family_of_a_deactivated_owner_is_over() -> None:
    one = family()
    one.owner.is_usable = False

    assert one.judge(0, NOW, grace=GRACE) is Verdict.ENDED
