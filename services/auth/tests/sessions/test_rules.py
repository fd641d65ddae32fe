"""Which requests may use the cookie, and when a session ends (S10, S12)."""

from datetime import timedelta

import pytest

from stitch_auth.callers.models import Caller
from stitch_auth.sessions.models import Delivery, Session
from stitch_auth.sessions.rules import granted_scope, is_friendly
from stitch_common.testing.clock import NOW

TRUSTED = {"https://stitch.example", "http://localhost:3000"}
IDLE = timedelta(days=14)
CALLER = Caller("203.0.113.9", "Firefox")


def session(lasts: timedelta = timedelta(days=90)) -> Session:
    begun = Session.begin(
        1, key_id="k1", delivery=Delivery.COOKIE, scope="api", at=NOW, lasts=lasts
    )
    begun.use(CALLER, NOW, idle_ttl=IDLE)
    return begun


@pytest.mark.parametrize(
    ("origin", "site", "is_allowed"),
    [
        (None, None, True),
        (None, "same-origin", True),
        (None, "same-site", True),
        (None, "none", True),
        (None, "cross-site", False),
        ("https://stitch.example", None, True),
        ("http://localhost:3000", "same-site", True),
        ("http://localhost:3000", "cross-site", True),
        ("http://127.0.0.1:8000", "same-origin", True),
        ("http://127.0.0.1:8000", None, False),
        ("https://evil.example", "cross-site", False),
        ("https://evil.example", "same-site", False),
        ("https://stitch.example.evil.example", None, False),
        ("null", None, False),
        ("null", "cross-site", False),
        ("", None, False),
    ],
)
def test_a_page_must_be_one_of_ours(
    origin: str | None, site: str | None, *, is_allowed: bool
) -> None:
    assert is_friendly(origin, site, TRUSTED) is is_allowed


@pytest.mark.parametrize(
    ("asked", "granted"),
    [
        ("", "api"),
        ("openid admin", "api"),
        ("offline_access", "api offline_access"),
        ("x offline_access y", "api offline_access"),
    ],
)
def test_nobody_gets_a_scope_that_does_not_exist(asked: str, granted: str) -> None:
    assert granted_scope(asked) == granted


def test_using_a_session_puts_its_end_off_but_never_beyond_the_last_one() -> None:
    one = session(lasts=timedelta(days=20))

    one.use(CALLER, NOW + timedelta(days=10), idle_ttl=IDLE)

    assert one.idle_expires_at == NOW + timedelta(days=20)


def test_a_session_ends_once() -> None:
    one = session()

    assert one.end(NOW, "logout")
    assert not one.end(NOW, "ended")
    assert (one.ended_at, one.end_reason) == (NOW, "logout")
