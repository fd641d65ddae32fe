"""Which usernames are acceptable."""

import pytest

from stitch_auth.registration.rules import why_not_a_username


@pytest.mark.parametrize(
    "username",
    ["ada", "ada.lovelace", "zoë", "user_1", "李小龍", "たなか太郎", "анна", "a-b", "x" * 50],
)
def test_names_of_all_languages_are_fine(username: str) -> None:
    assert why_not_a_username(username) is None


@pytest.mark.parametrize(
    "username",
    ["ab", "x" * 51, "ada@example.com", "ada lovelace", ".ada", "ada-", "a\u200bda", "", "ada\n"],
)
def test_what_reads_like_something_else_is_not(username: str) -> None:
    assert why_not_a_username(username) is not None


def test_letters_that_only_look_latin_are_not_mixed_in() -> None:
    assert why_not_a_username("\u0430dmin") is not None
