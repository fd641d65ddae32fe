"""Keywords by YAKE (Campos et al. 2020, Information Sciences 509): statistics of the text alone."""

from dataclasses import dataclass

import yake

from stitch_ai.extraction.rules.language import language_of
from stitch_ai.extraction.rules.text import Text, words_of

LONGEST_PHRASE = 3
CANDIDATES = 60
USUAL = 30
ENDING = 2
"""Letters at the end in which forms of one word differ: garden, gardens."""


@dataclass(frozen=True, slots=True)
class Keyword:
    """A phrase of the text; the best has the greatest weight."""

    phrase: str
    weight: float

    @property
    def words(self) -> tuple[str, ...]:
        return tuple(word.lower() for word in words_of(self.phrase))


def keywords(text: Text, *, count: int = USUAL) -> list[Keyword]:
    """The phrases that the text is about, best first, no two of them alike."""
    source = "\n\n".join((*text.headings, text.body))
    extractor = yake.KeywordExtractor(
        lan=language_of(text.words), n=LONGEST_PHRASE, top=CANDIDATES, dedupLim=0.95
    )
    scored: list[tuple[str, float]] = extractor.extract_keywords(source)
    found = [Keyword(phrase, 1 / (1 + float(score))) for phrase, score in scored]
    kept: list[Keyword] = []
    for keyword in found:
        if _is_a_term(keyword, source.lower()) and not any(_are_alike(keyword, k) for k in kept):
            kept.append(keyword)
    return kept[:count]


def _is_a_term(keyword: Keyword, source: str) -> bool:
    """Words that stand together once do so by chance, unless they are a name."""
    if len(keyword.words) <= 1:
        return bool(keyword.words)
    return source.count(keyword.phrase.lower()) > 1 or keyword.phrase.istitle()


def _are_alike(one: Keyword, other: Keyword) -> bool:
    """Whether the shorter says nothing that the longer does not say."""
    shorter, longer = sorted((one.words, other.words), key=len)
    return all(any(_same_word(word, known) for known in longer) for word in shorter)


def _same_word(one: str, other: str) -> bool:
    stem = max(min(len(one), len(other)), max(len(one), len(other)) - ENDING)
    return one[:stem] == other[:stem] or one == other
