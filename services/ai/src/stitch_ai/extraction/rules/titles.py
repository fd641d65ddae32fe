"""Titles and meta descriptions out of the text's own words."""

import re

from stitch_ai.extraction.rules.keywords import Keyword
from stitch_ai.extraction.rules.summary import shortened, summary
from stitch_ai.extraction.rules.text import Text

LONGEST_TITLE = 60
LONGEST_DESCRIPTION = 155
"""What search engines show."""
USUAL = 5
SHORTEST_CLAUSE = 4
CLAUSE = re.compile("\\s+[-\N{EN DASH}\N{EM DASH}]\\s+|[:;,(]\\s*")


def titles(text: Text, phrases: list[Keyword], *, count: int | None = None) -> list[str]:
    """Different titles, the one that the text gives itself first."""
    found = [*text.headings[:1], *_of_phrases(phrases), *_of_sentences(text, phrases)]
    fitting = (_tidy(title) for title in found)
    unique = {title.lower(): title for title in reversed([*filter(None, fitting)])}
    return list(reversed(unique.values()))[: count or USUAL]


def meta_description(text: Text, phrases: list[Keyword]) -> str:
    """The most telling sentences, in the length that search engines show."""
    chosen = ""
    for sentence in summary(text, phrases, count=3):
        longer = f"{chosen} {sentence}".strip()
        if chosen and len(longer) > LONGEST_DESCRIPTION:
            break
        chosen = longer
    return shortened(chosen, LONGEST_DESCRIPTION)


def _of_phrases(phrases: list[Keyword]) -> list[str]:
    """Colon and comma are understood in every language."""
    first, *others = [phrase.phrase for phrase in phrases[:3]] or [""]
    return [f"{first}: {', '.join(others)}" if others else first]


def _of_sentences(text: Text, phrases: list[Keyword]) -> list[str]:
    best = summary(text, phrases, count=6)
    clauses = [CLAUSE.split(sentence)[0] for sentence in best]
    return [clause for clause in clauses if len(clause.split()) >= SHORTEST_CLAUSE]


def _tidy(title: str) -> str:
    plain = shortened(" ".join(title.split()).rstrip(".!;,:"), LONGEST_TITLE)
    return plain[:1].upper() + plain[1:]
