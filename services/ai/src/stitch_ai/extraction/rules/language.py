"""Which language a text is in, by the words that every text of it has."""

from collections.abc import Iterable
from functools import cache
from importlib.resources import files

KNOWN = ("en", "de", "fr", "es", "it", "pt", "nl", "sv", "da", "no", "fi", "pl", "cz")
"""What both the keyword library and we can handle; the first one is the guess for no words."""
FOLDER = "core/StopwordsList"


def language_of(words: Iterable[str]) -> str:
    """The code of the language whose stop words make up most of the text."""
    found = [word.lower() for word in words]
    return max(KNOWN, key=lambda code: sum(word in stop_words(code) for word in found))


@cache
def stop_words(code: str) -> frozenset[str]:
    """Words that say nothing about what a text is about; yake has a list for every language."""
    file = files("yake").joinpath(FOLDER, f"stopwords_{code}.txt")
    return frozenset(file.read_text(encoding="utf-8").lower().split())
