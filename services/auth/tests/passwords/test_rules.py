"""Which passwords are accepted (S50, S51)."""

from time import process_time

import pytest

from stitch_auth.passwords.rules import is_long_enough, is_short_enough, why_weak

CONTEXT = ["alice.smith@example.com", "asmith", "Alice Smith"]


@pytest.mark.parametrize(
    "password",
    [
        "correct horse battery staple",
        "violet-kayak-thermos-42",
        "zwölf Böcke jagen",
        " leading and trailing blanks ",
        "x" * 20 + "Gd7#kq!92mZp" + "y" * 30,
        "пароль из нескольких разных слов",
        "ж8Kq2#vN0pLw",
    ],
)
def test_what_is_hard_to_guess_needs_no_composition(password: str) -> None:
    assert why_weak(password, CONTEXT) is None


@pytest.mark.parametrize(
    "password",
    [
        "password1234",
        "qwertyuiop12",
        "123456789012",
        "aaaaaaaaaaaaaaaaaaaaaaaa",
        "alice.smith2024",
        "AliceSmith!!1",
        "asmith-asmith",
        "stitchstitch1",
        "abcabcabcabcabcabcabcabcabcabcabcabc",
    ],
)
def test_what_is_common_or_known_of_the_person_is_refused_with_a_reason(password: str) -> None:
    reason = why_weak(password, CONTEXT)

    assert reason is not None
    assert reason.endswith(".")
    assert password not in reason


def test_length_counts_characters_as_people_see_them() -> None:
    assert not is_long_enough("é" * 11)
    assert not is_long_enough("e\u0301" * 11)
    assert is_long_enough("é" * 12)
    assert is_short_enough("é" * 128)
    assert not is_short_enough("é" * 129)


def test_no_password_keeps_a_thread_for_long() -> None:
    every_substitution = "4@8({[<369&#!1/|0$5+7%2" * 6
    began = process_time()

    why_weak("1234567890!@#$%^&*()" * 6, [])
    why_weak(every_substitution[:128], [])

    assert process_time() - began < 2
