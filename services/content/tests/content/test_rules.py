"""What HTML may stay, what plain text is, how slugs look."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitch_content.content.rules import (
    MAX_SLUG,
    clean_html,
    plain_text,
    slug_of,
    slugs_to_suggest,
    slugs_to_try,
    text_of,
)

MARKUP = st.text(alphabet="<>&;/abpscrit=\"'! ltgm", max_size=60)


@pytest.mark.parametrize(
    ("body", "clean"),
    [
        ("<p>Hello <b>you</b></p>", "<p>Hello <b>you</b></p>"),
        ("<script>alert(1)</script>Hi", "Hi"),
        ('<img src="x" onerror="alert(1)">', '<img src="x">'),
        ('<a href="javascript:alert(1)">x</a>', '<a rel="noopener noreferrer">x</a>'),
        ("<p>open", "<p>open</p>"),
    ],
)
def test_html_keeps_what_is_harmless(body: str, clean: str) -> None:
    assert clean_html(body) == clean


@given(MARKUP)
def test_cleaning_html_twice_is_cleaning_it_once(body: str) -> None:
    assert clean_html(clean_html(body)) == clean_html(body)


@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("Q&A", "Q&A"),
        ("5 < 6", "5 < 6"),
        ("&lt;b&gt;", "&lt;b&gt;"),
        ("<b>Bold</b> &amp; brave", "Bold & brave"),
        ("<script>alert(1)</script>Title", "Title"),
        ("<i></i>&lt;script&gt;alert(1)&lt;/script&gt;", ""),
    ],
)
def test_plain_text_loses_tags_and_nothing_else(typed: str, plain: str) -> None:
    assert plain_text(typed) == plain


@given(MARKUP)
def test_plain_text_never_holds_a_tag(typed: str) -> None:
    assert not re.search(r"</?[a-z]", plain_text(typed))


def test_the_text_of_html_separates_paragraphs() -> None:
    assert text_of("<h1>One</h1><p>two<br>three</p>AT&amp;T\x02").split() == [
        "One",
        "two",
        "three",
        "AT&T",
    ]


@pytest.mark.parametrize(
    ("title", "slug"),
    [("Über uns!", "uber-uns"), ("  ", ""), ("🎉", ""), ("a" * 200, "a" * MAX_SLUG)],
)
def test_a_slug_is_readable_ascii(title: str, slug: str) -> None:
    assert slug_of(title) == slug


def test_relatives_of_a_slug_stay_within_its_length() -> None:
    longest = "a" * MAX_SLUG

    relatives = [*slugs_to_try(longest), *slugs_to_suggest(longest)]

    assert len(set(relatives)) == len(relatives)
    assert max(map(len, relatives)) == MAX_SLUG
