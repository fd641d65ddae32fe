"""Which spellings are the same, and how preferences merge (S53)."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitch_auth.accounts.rules import email_key, merged, search_words, username_key


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada", "ada"),
        ("ADA", "\uff41\uff44\uff41"),
        ("Straße", "STRASSE"),
        ("ﬁnn", "finn"),
        ("zoe\u0308", "zoë"),
    ],
)
def test_variants_of_a_username_are_one_name(one: str, other: str) -> None:
    assert username_key(one) == username_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Ada@Example.COM", "ada@example.com"),
        ("ada@bücher.example", "ada@xn--bcher-kva.example"),
        ("ADA@BÜCHER.example", "ada@bücher.example"),
    ],
)
def test_variants_of_an_address_are_one_address(one: str, other: str) -> None:
    assert email_key(one) == email_key(other)


@given(st.text(max_size=30))
def test_a_key_is_its_own_key(text: str) -> None:
    assert username_key(username_key(text)) == username_key(text)


@given(st.text(max_size=50))
def test_any_search_makes_a_harmless_query(text: str) -> None:
    for part in filter(None, search_words(text).split(" & ")):
        assert part.startswith("'")
        assert part.endswith("':*")
        assert "'" not in part[1:-3]
        assert "\\" not in part


# RFC 7396, appendix A
@pytest.mark.parametrize(
    ("stored", "patch", "result"),
    [
        ({"a": "b"}, {"a": "c"}, {"a": "c"}),
        ({"a": "b"}, {"b": "c"}, {"a": "b", "b": "c"}),
        ({"a": "b"}, {"a": None}, {}),
        ({"a": "b", "b": "c"}, {"a": None}, {"b": "c"}),
        ({"a": ["b"]}, {"a": "c"}, {"a": "c"}),
        ({"a": "c"}, {"a": ["b"]}, {"a": ["b"]}),
        ({"a": {"b": "c"}}, {"a": {"b": "d", "c": None}}, {"a": {"b": "d"}}),
        ({"e": None}, {"a": 1}, {"e": None, "a": 1}),
        ({}, {"a": {"bb": {"ccc": None}}}, {"a": {"bb": {}}}),
    ],
)
def test_preferences_merge_as_rfc_7396_says(
    stored: dict[str, Any], patch: dict[str, Any], result: dict[str, Any]
) -> None:
    assert merged(stored, patch) == result
