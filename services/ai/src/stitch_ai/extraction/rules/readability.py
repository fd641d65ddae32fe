"""How hard a text is to read."""

from dataclasses import dataclass
from functools import cache
from re import compile as pattern

import pyphen  # type: ignore[import-untyped]

from stitch_ai.extraction.rules.language import language_of
from stitch_ai.extraction.rules.text import Text

# (constant, words a sentence, syllables a word): Flesch 1948; Amstad 1978; Kandel & Moles 1958;
# Fernández Huerta 1959; Franchina & Vacca 1972; Douma 1960.
FLESCH = {
    "en": (206.835, 1.015, 84.6),
    "de": (180.0, 1.0, 58.5),
    "fr": (207.0, 1.015, 73.6),
    "es": (206.84, 1.02, 60.0),
    "it": (217.0, 1.3, 60.0),
    "nl": (206.84, 0.93, 77.0),
}
WORDS_A_MINUTE = 238
"""Brysbaert 2019, Journal of Memory and Language 109."""
LEVELS = ((70, "easy"), (50, "fairly difficult"), (30, "difficult"))
LIX_LEVELS = ((30, "easy"), (40, "medium"), (50, "difficult"))
HARDEST = "very difficult"
LONG_WORD = 6
VOWELS = pattern(r"[aeiouyäöüåæøáéíóúàèìòùâêîôû]+")
SILENT_E = pattern(r"[^aeiouyl]e\Z")


@dataclass(frozen=True, slots=True)
class Readability:
    """Numbers about a text; `flesch` only where there is a formula for the language."""

    language: str
    words: int
    sentences: int
    words_per_sentence: float
    flesch: float | None
    lix: float
    level: str
    reading_minutes: float


def readability(text: Text) -> Readability:
    """Flesch's reading ease (the higher the easier) and LIX (the lower; Björnsson 1968)."""
    words, sentences = len(text.words), max(1, len(text.sentences))
    language = language_of(text.words)
    length = words / sentences
    lix = length + 100 * sum(len(word) > LONG_WORD for word in text.words) / max(1, words)
    flesch = _flesch(language, text, length)
    return Readability(
        language=language,
        words=words,
        sentences=len(text.sentences),
        words_per_sentence=round(length, 1),
        flesch=flesch,
        lix=round(lix, 1),
        level=_level(flesch, lix),
        reading_minutes=round(words / WORDS_A_MINUTE, 1),
    )


def _flesch(language: str, text: Text, length: float) -> float | None:
    if language not in FLESCH or not text.words:
        return None
    constant, by_length, by_syllables = FLESCH[language]
    mean = sum(syllables(word.lower(), language) for word in text.words) / len(text.words)
    return round(constant - by_length * length - by_syllables * mean, 1)


def _level(flesch: float | None, lix: float) -> str:
    if flesch is not None:
        return next((level for least, level in LEVELS if flesch >= least), HARDEST)
    return next((level for most, level in LIX_LEVELS if lix < most), HARDEST)


def syllables(word: str, language: str) -> int:
    """Hyphenation never splits off one letter, vowel groups know no hiatus: the greater counts."""
    groups = len(VOWELS.findall(word))
    if language == "en" and groups > 1 and SILENT_E.search(word):
        groups -= 1
    return max(1, groups, len(_hyphenation(language).positions(word)) + 1)


@cache
def _hyphenation(language: str) -> "pyphen.Pyphen":
    return pyphen.Pyphen(lang=pyphen.language_fallback(language), left=1, right=1)
