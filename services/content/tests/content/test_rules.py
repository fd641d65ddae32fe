"""What HTML may stay, what plain text is, how slugs look."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stitch_content.content.rules import (
    MAX_SLUG,
    clean_html,
    is_tangled,
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


TABLE = "<table>" + ("<tr>" + "<td>one &amp; two</td>" * 20 + "</tr>") * 400 + "</table>"
FROM_WORD = (
    "<!--[if gte mso 9]><xml><w:View>Normal</w:View></xml><![endif]--><style><!-- p{} --></style>"
    + "<p class=MsoNormal><span style='font-family:\"Calibri\"'>a < b & c<o:p></o:p></span>" * 2000
)


@pytest.mark.parametrize(
    "body",
    [
        "",
        "x & y < z " * 20_000,
        "<p>One <b>bold</b> <a href='/x?a=1&b=2'>word</a>.</p>\n" * 4000,
        "<div><section><ul><li><b><i>x</i></b></ul></section></div>" * 3000,
        "<p>nobody <b>closed this" * 300,
        ("<div class='x'>" * 30 + "<p>deep</p>" * 50 + "</div>" * 30) * 20,
        TABLE,
        FROM_WORD,
    ],
    ids=["nothing", "text", "prose", "lists", "unclosed", "deep", "table", "from-word"],
)
def test_what_people_write_is_not_tangled(body: str) -> None:
    assert not is_tangled(body)
    assert not is_tangled(clean_html(body))


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 200_000,
        "<div>" * 9_000 + "</div>" * 9_000,
        "<div><!--</div>-->" * 9_000,
        "<div title='</div>'>" * 9_000,
        '<div a=b" c="x>y</div>' * 9_000,
        "<div><style></div></style>" * 9_000,
        "<p>" + "".join(f"<b id={each}>" for each in range(100)) + "<p>x" * 10_000,
        "<table>" + "x<br>" * 40_000,
        "<p " + " a" * 100_000 + ">",
        "<p b='<' " + " a" * 100_000 + ">",
        "<p" + "/a" * 100_000 + ">",
        "&" * 100_000,
        "&unknown;" * 100_000,
    ],
    ids=lambda body: body[:24],
)
def test_html_that_takes_seconds_to_read_is_known_before_it_is_read(body: str) -> None:
    assert is_tangled(body)


@given(MARKUP, st.integers(1, 200))
def test_html_that_is_not_tangled_does_not_explode(piece: str, times: int) -> None:
    body = piece * times

    assert is_tangled(body) or len(clean_html(body)) < 100 * len(body) + 1000


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


def test_characters_are_composed_wherever_they_come_from() -> None:
    decomposed = "Cafe\u0301"

    assert plain_text(decomposed) == "Caf\u00e9"
    assert clean_html(f'<p title="{decomposed}">{decomposed}</p>').count("Caf\u00e9") == 2


def test_no_combining_character_opens_a_tag_again() -> None:
    text = "\u0338 onclick=alert(1) x="

    assert clean_html(f"<p>{text}</p>") == f"<p>{text}</p>"


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
