"""Guessing is refused for longer and longer; devices are known by marks that nobody can make."""

from base64 import b64encode, urlsafe_b64decode, urlsafe_b64encode
from datetime import timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from stitch_auth.throttling.rules import KnownDevices, login_steps, share_of_strangers
from stitch_common.testing.clock import NOW

DAY = timedelta(days=1)
OLD, NEW = (SecretStr(b64encode(bytes([number]) * 32).decode()) for number in (1, 2))
DEVICES = KnownDevices({"1": OLD}, ttl=180 * DAY)


def test_the_schedule_is_the_one_that_is_documented() -> None:
    steps = login_steps(5, timedelta(seconds=30), per_hour=20)

    assert [(step.most, step.window) for step in steps] == [
        (5, timedelta(seconds=30)),
        (10, timedelta(minutes=5)),
        (20, timedelta(hours=1)),
        (40, timedelta(hours=12)),
    ]


def test_each_step_admits_more_for_a_longer_time_and_fewer_an_hour() -> None:
    for step, following in pairwise(login_steps(5, timedelta(seconds=30), per_hour=20)):
        assert following.most > step.most
        assert following.window > step.window
        assert following.most / following.seconds < step.most / step.seconds


@given(st.integers(1, 100))
def test_strangers_never_use_up_more_than_all_and_always_have_a_try(most: int) -> None:
    assert 1 <= share_of_strangers(most) <= most
    assert most < 10 or most - share_of_strangers(most) >= most // 10


def test_a_device_is_recognised_by_its_mark_whatever_key_made_it() -> None:
    mark = DEVICES.mark(7, NOW)
    after_rotation = KnownDevices({"1": OLD, "2": NEW}, ttl=180 * DAY)

    device = DEVICES.recognise(mark, 7, NOW)

    assert device is not None
    assert after_rotation.recognise(mark, 7, NOW + 179 * DAY) == device
    assert after_rotation.recognise(after_rotation.mark(7, NOW), 7, NOW) is not None


def test_every_mark_is_another_device() -> None:
    ids = {DEVICES.recognise(DEVICES.mark(7, NOW), 7, NOW) for _ in range(3)}

    assert len(ids) == 3


def test_a_mark_is_its_owner_s_and_ends_some_day() -> None:
    mark = DEVICES.mark(7, NOW)

    assert DEVICES.recognise(mark, 8, NOW) is None
    assert DEVICES.recognise(mark, 7, NOW + 180 * DAY) is None
    assert KnownDevices({"2": NEW}, ttl=180 * DAY).recognise(mark, 7, NOW) is None


@pytest.mark.parametrize("mark", ["", "x", "ü", "A" * 86, "A" * 5000, "=" * 9, "a\x00b"])
def test_anything_else_is_no_mark(mark: str) -> None:
    assert DEVICES.recognise(mark, 7, NOW) is None


@given(st.integers(0, 511))
def test_a_mark_with_any_bit_changed_is_none(bit: int) -> None:
    raw = bytearray(urlsafe_b64decode(DEVICES.mark(7, NOW) + "=="))
    raw[bit // 8] ^= 1 << (bit % 8)

    changed = urlsafe_b64encode(raw).rstrip(b"=").decode()

    assert DEVICES.recognise(changed, 7, NOW) is None
