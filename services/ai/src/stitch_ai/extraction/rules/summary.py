"""Extractive summaries: the sentences that say most of what the text is about, in their order."""

from dataclasses import dataclass

from stitch_ai.extraction.rules.keywords import Keyword
from stitch_ai.extraction.rules.language import language_of, stop_words
from stitch_ai.extraction.rules.text import Text, words_of

SHARE = 5
"""One sentence of so many is kept, unless a number is asked for."""
MOST = 5
LEAD = 0.25
"""How much more the first sentence of a text counts: writers begin with what matters."""
TOO_ALIKE = 0.5
SHORTEST = 5
FREQUENT = 2
LOOSE_ENDS = " ,;:-(\N{EN DASH}"


@dataclass(frozen=True, slots=True)
class _Candidate:
    place: int
    sentence: str
    terms: frozenset[str]
    score: float


def summary(text: Text, phrases: list[Keyword], *, count: int | None = None) -> list[str]:
    """At most `count` sentences of the text, none saying the same as another."""
    ranked = sorted(_candidates(text, phrases), key=lambda each: -each.score)
    wanted = count or max(1, min(MOST, len(ranked) // SHARE))
    chosen: list[_Candidate] = []
    for each in ranked:
        if len(chosen) < wanted and not any(_are_alike(each, other) for other in chosen):
            chosen.append(each)
    return [each.sentence for each in sorted(chosen, key=lambda each: each.place)]


def _candidates(text: Text, phrases: list[Keyword]) -> list[_Candidate]:
    weights = _weights(text, phrases)
    candidates = []
    for place, sentence in enumerate(text.sentences):
        words = [word.lower() for word in words_of(sentence)]
        terms = frozenset(word for word in words if word in weights)
        lead = 1 + LEAD / (1 + place)
        fit = max(len(words), SHORTEST) ** 0.5
        score = lead * sum(weights[term] for term in terms) / fit
        candidates.append(_Candidate(place, sentence, terms, score))
    long_enough = [each for each in candidates if len(words_of(each.sentence)) >= SHORTEST]
    return long_enough or candidates


def _weights(text: Text, phrases: list[Keyword]) -> dict[str, float]:
    """What each word is worth: those of key phrases most, repeated ones a little."""
    common = stop_words(language_of(text.words))
    counted: dict[str, int] = {}
    for word in text.words:
        counted[word.lower()] = counted.get(word.lower(), 0) + 1
    weights = {word: 0.3 for word, n in counted.items() if n >= FREQUENT and word not in common}
    for phrase in phrases:
        for word in words_of(phrase.phrase):
            weights[word.lower()] = max(weights.get(word.lower(), 0), phrase.weight)
    return weights


def _are_alike(one: _Candidate, other: _Candidate) -> bool:
    together = one.terms | other.terms
    return bool(together) and len(one.terms & other.terms) / len(together) > TOO_ALIKE


def shortened(text: str, most: int) -> str:
    """The text in at most so many characters, cut between words."""
    if len(text) <= most:
        return text
    cut = text[: most - 1].rsplit(" ", 1)[0].rstrip(LOOSE_ENDS)
    return f"{cut}…"
