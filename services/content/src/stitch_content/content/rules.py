"""Pure decisions about content: what HTML may stay, what plain text is, how slugs look."""

import html
import re
import secrets
from html.entities import html5
from unicodedata import normalize

import nh3
from slugify import slugify

MAX_SLUG = 100
SUFFIX_BYTES = 3
MAX_SUFFIX = 2 * SUFFIX_BYTES + 1
RANDOM_ATTEMPTS = 8
CONTROL_CHARACTERS = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f]")
BETWEEN_BRACKETS = re.compile("[^<>]+")
BLOCK_END = re.compile(r"</(?:p|div|h[1-6]|li|tr|td|th|blockquote|pre)>|<(?:br|hr)\s*/?>")

MAX_TAGS = 20_000
MAX_STRAIN = 500_000
MAX_LOOSE_ENDS = 50_000
OPENING = re.compile("<[a-z]", re.IGNORECASE)
AMPERSAND = re.compile(r"&((?:#\d+|#x[\da-f]+|\w{1,32});)?", re.ASCII | re.IGNORECASE)
ATTRIBUTE = r"""\s+[^\s"'<>/=]+(?:\s*=\s*(?:"[^"<]*"|'[^'<]*'|[^\s"'<>=`]+))?"""
NAME, ATTRIBUTES = r"[a-z][\w:.-]*", rf"(?:{ATTRIBUTE}){{0,500}}\s*"
# They stand alone, or the next one of their kind closes them.
FLAT = "area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr|p|li|t(?:[dhr]|body|head)"
ALONE = re.compile(
    rf"<(?:(?:{FLAT}){ATTRIBUTES}/?>|/(?:{FLAT})\s*>|!--[^<>]*-->|!(?!--|\[)[^<>]*>|(?![a-z/!?]))",
    re.ASCII | re.IGNORECASE,
)
PAIR = re.compile(rf"<({NAME}){ATTRIBUTES}>[^<]*</\1\s*>", re.ASCII | re.IGNORECASE)
TAG = re.compile(rf"</?{NAME}{ATTRIBUTES}/?>", re.ASCII | re.IGNORECASE)
BETWEEN_ATTRIBUTES = re.compile(r"""[\s/"']""")


def composed(text: str) -> str:
    """The same characters in Unicode's form C, so that every way to type an "é" finds every other.

    Brackets stay: a `>` and a combining stroke would make one character, and a tag without end.
    """
    return BETWEEN_BRACKETS.sub(lambda part: normalize("NFC", part[0]), text)


def clean_html(body: str) -> str:
    """The same HTML without anything that runs, phishes or breaks out (ammonia's allowlist)."""
    return nh3.clean(composed(body))  # the sanitiser has the last word


def is_tangled(body: str) -> bool:
    """Whether HTML may take far longer to read than its length lets expect, or grow by it.

    For a tag a parser looks at all open elements, for an attribute at those before it, and an
    unclosed `<b>` is opened anew in every paragraph that follows: 200 KB of `<div>` took 9 s, and
    160 KB of unclosed `<b>` before many `<p>` became 28 MB.
    """
    tags = len(OPENING.findall(body))
    return (
        tags > MAX_TAGS
        or _loose_ampersands(body) > MAX_LOOSE_ENDS
        or _loose_attributes(body) > MAX_LOOSE_ENDS
        or tags * _unclosed(body) > MAX_STRAIN
    )


def _unclosed(body: str) -> int:
    """How many elements are open at once, at most: what is left without those that are closed."""
    rest = ALONE.sub("", body)
    while True:
        rest, closed = PAIR.subn("", rest)
        left = rest.count("<")
        if closed * 100 <= left:  # another pass would cost more than it tells
            return left


def _loose_attributes(body: str) -> int:
    """How many there are at most outside of well-written tags: anything there could be one."""
    rest = TAG.sub("", ALONE.sub("", body))
    return len(BETWEEN_ATTRIBUTES.findall(rest)) if "<" in rest else 0


def _loose_ampersands(body: str) -> int:
    return sum(not (name.startswith("#") or name in html5) for name in AMPERSAND.findall(body))


def plain_text(text: str) -> str:
    """Text without tags, for fields that are not HTML.

    Text without `<` stays as it was typed, so that "Q&A" and "&lt;" mean themselves. Decoding may
    uncover another tag; therefore it is repeated until nothing changes.
    """
    text = composed(text)
    while "<" in text:
        stripped = html.unescape(nh3.clean(text, tags=set()))
        if stripped == text:
            break
        text = stripped
    return text.strip()


def text_of(body: str) -> str:
    """The words of sanitised HTML, as search and its excerpts see them."""
    spaced = BLOCK_END.sub(lambda found: f"{found[0]} ", body)
    text = html.unescape(nh3.clean(spaced, tags=set()))
    return CONTROL_CHARACTERS.sub("", text)


def slug_of(text: str) -> str:
    """A URL's readable part; empty if the text has no letter or digit."""
    return slugify(text, max_length=MAX_SLUG, word_boundary=True)


def with_suffix(slug: str) -> str:
    """The slug with a random end: parallel writers of one title do not meet again."""
    return f"{slug[: MAX_SLUG - MAX_SUFFIX]}-{secrets.token_hex(SUFFIX_BYTES)}"


def slugs_to_try(wanted: str) -> list[str]:
    """The wanted slug, then random relatives of it; never a count of those that exist."""
    return [wanted, *(with_suffix(wanted) for _ in range(RANDOM_ATTEMPTS))]


def slugs_to_suggest(taken: str) -> list[str]:
    """What to propose instead of a taken slug: readable ones first."""
    stem = taken[: MAX_SLUG - MAX_SUFFIX]
    return [*(f"{stem}-{number}" for number in range(2, 10)), with_suffix(taken)]
