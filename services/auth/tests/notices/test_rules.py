"""A mail speaks of devices in words of ours."""

import pytest

from stitch_auth.notices.rules import device_name

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/2010 Firefox/140.0", "Firefox on Linux"),
        (
            f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/140 Safari",
            "Chrome on Windows",
        ),
        (
            f"Mozilla/5.0 (Windows NT 10.0) {WEBKIT} Chrome/140 Safari Edg/140",
            "Edge on Windows",
        ),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19 like Mac OS X) Safari/604.1", "Safari on iPhone"),
        (f"Mozilla/5.0 (Linux; Android 15) {WEBKIT} Chrome/140 Mobile Safari", "Chrome on Android"),
        ("curl/8.5.0", "a program"),
        ("", "a program"),
        ("Your account is locked, go to https://evil.example", "a program"),
    ],
)
def test_a_device_has_a_name_that_no_stranger_can_choose(user_agent: str, name: str) -> None:
    assert device_name(user_agent) == name
