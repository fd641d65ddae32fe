"""What a text could do better, each point with the place where it could."""

from collections import Counter
from collections.abc import Iterator

from stitch_ai.extraction.rules.keywords import Keyword
from stitch_ai.extraction.rules.language import language_of, stop_words
from stitch_ai.extraction.rules.readability import HARDEST, readability
from stitch_ai.extraction.rules.summary import shortened
from stitch_ai.extraction.rules.text import Text, words_of

LONG_SENTENCE = 28
LONG_PARAGRAPH = 120
LONG_TEXT = 300
REPEATED = 4
WINDOW = 60
QUOTED = 70


def improvements(text: Text, phrases: list[Keyword], *, count: int | None = None) -> list[str]:
    """Sentences a writer can act on; none if nothing stands out."""
    found = [
        *_long_sentences(text),
        *_long_paragraphs(text),
        *_missing_headings(text),
        *_late_subject(text, phrases),
        *_repetitions(text),
        *_difficulty(text),
    ]
    return found[:count] if count else found


def _long_sentences(text: Text) -> Iterator[str]:
    counted = [(len(words_of(sentence)), sentence) for sentence in text.sentences]
    too_long = sorted((each for each in counted if each[0] > LONG_SENTENCE), reverse=True)
    for length, sentence in too_long[:2]:
        yield f"Split this sentence of {length} words: “{shortened(sentence, QUOTED)}”"


def _long_paragraphs(text: Text) -> Iterator[str]:
    for paragraph in text.paragraphs:
        length = len(words_of(paragraph))
        if length > LONG_PARAGRAPH:
            yield f"Break up this paragraph of {length} words: “{shortened(paragraph, QUOTED)}”"


def _missing_headings(text: Text) -> Iterator[str]:
    if len(text.words) > LONG_TEXT and not text.headings:
        yield f"Give the text headings: it runs to {len(text.words)} words without one."


def _late_subject(text: Text, phrases: list[Keyword]) -> Iterator[str]:
    if not phrases or len(text.sentences) <= REPEATED:
        return
    subject = phrases[0].phrase
    opening = " ".join(text.sentences[:2]).lower()
    if not any(word.lower() in opening for word in words_of(subject)):
        yield f"Say in the first two sentences that this is about “{subject}”."


def _repetitions(text: Text) -> Iterator[str]:
    common = stop_words(language_of(text.words))
    words = [word.lower() for word in text.words]
    told: set[str] = set()
    for start in range(0, max(1, len(words) - WINDOW), WINDOW // 2):
        counted = Counter(word for word in words[start : start + WINDOW] if word not in common)
        for word, times in counted.most_common(1):
            if times > REPEATED and word not in told:
                told.add(word)
                yield f"“{word}” stands {times} times within {WINDOW} words; vary it."


def _difficulty(text: Text) -> Iterator[str]:
    measured = readability(text)
    if len(text.sentences) > 1 and measured.level == HARDEST:
        mean = measured.words_per_sentence
        yield f"The text is very difficult to read, at {mean} words a sentence; shorten both."
