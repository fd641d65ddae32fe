"""Pure decisions about content: what HTML may stay, what plain text is, how slugs look."""

import html
import re
import secrets

import nh3
from slugify import slugify

MAX_SLUG = 100
SUFFIX_BYTES = 3
MAX_SUFFIX = 2 * SUFFIX_BYTES + 1
RANDOM_ATTEMPTS = 8
CONTROL_CHARACTERS = re.compile(r"[\x01-\x08\x0b\x0c\x0e-\x1f]")
BLOCK_END = re.compile(r"</(?:p|div|h[1-6]|li|tr|td|th|blockquote|pre)>|<(?:br|hr)\s*/?>")


def clean_html(body: str) -> str:
    """The same HTML without anything that runs, phishes or breaks out (ammonia's allowlist)."""
    return nh3.clean(body)


def plain_text(text: str) -> str:
    """Text without tags, for fields that are not HTML.

    Text without `<` stays as it was typed, so that "Q&A" and "&lt;" mean themselves. Decoding may
    uncover another tag; therefore it is repeated until nothing changes.
    """
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
