"""Answering a prompt with what can be extracted: the local provider's whole ability."""

import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import islice
from typing import Any

from stitch_ai.extraction.rules.advice import improvements
from stitch_ai.extraction.rules.keywords import Keyword, keywords
from stitch_ai.extraction.rules.outline import outline
from stitch_ai.extraction.rules.readability import readability
from stitch_ai.extraction.rules.summary import summary
from stitch_ai.extraction.rules.tasks import Order, Task, Wish, understand
from stitch_ai.extraction.rules.text import Text
from stitch_ai.extraction.rules.titles import meta_description, titles

NOTICE = (
    "Extracted from the text you gave by the built-in provider `local`: it summarises, names and "
    "measures what is there, and writes nothing new."
)
NOTHING_NEW = (
    "The built-in provider `local` can't write freely. It takes a given text apart: ask for a "
    "summary, titles, keywords, a meta description, an outline, improvements or readability, and "
    "send the text as context. This is what your words hold:"
)
HEADINGS = {
    Task.SUMMARY: "Summary",
    Task.TITLES: "Titles",
    Task.META_DESCRIPTION: "Meta description",
    Task.KEYWORDS: "Keywords",
    Task.OUTLINE: "Outline",
    Task.IMPROVEMENTS: "Improvements",
    Task.READABILITY: "Readability",
}
KEYWORDS = 8
NOTHING_STANDS_OUT = "Nothing stands out: sentences, paragraphs and word choice are fine."
PIECE = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True, slots=True)
class Written:
    """An answer and its size."""

    content: str
    prompt_tokens: int
    completion_tokens: int


def write(prompt: str, context: str, *, as_json: bool, max_tokens: int) -> Written:
    """The answer to a prompt; lines or results beyond `max_tokens` are left out."""
    order = understand(prompt, context)
    results = _results(order)
    if as_json:
        content = _as_json(results, max_tokens)
    else:
        content = _within(_as_text(order, results), max_tokens)
    return Written(content, tokens(prompt) + tokens(context), tokens(content))


def tokens(text: str) -> int:
    """Words and punctuation marks, which is what this provider counts by."""
    return len(PIECE.findall(text))


def _results(order: Order) -> dict[str, Any]:
    text = Text.of(order.material)
    phrases = keywords(text)
    results = {str(wish.task): MAKERS[wish.task](text, phrases, wish) for wish in order.wishes}
    if order.most_words and "summary" in results:
        results["summary"] = _in_words(results["summary"], order.most_words)
    return results


Maker = Callable[[Text, list[Keyword], Wish], Any]

MAKERS: dict[Task, Maker] = {
    Task.SUMMARY: lambda text, phrases, wish: " ".join(summary(text, phrases, count=wish.count)),
    Task.TITLES: lambda text, phrases, wish: titles(text, phrases, count=wish.count),
    Task.META_DESCRIPTION: lambda text, phrases, _: meta_description(text, phrases),
    Task.KEYWORDS: lambda _, phrases, wish: [
        phrase.phrase for phrase in phrases[: wish.count or KEYWORDS]
    ],
    Task.OUTLINE: lambda text, phrases, wish: [
        asdict(point) for point in outline(text, phrases, count=wish.count)
    ],
    Task.IMPROVEMENTS: lambda text, phrases, wish: improvements(text, phrases, count=wish.count),
    Task.READABILITY: lambda text, _phrases, _wish: asdict(readability(text)),
}


def _in_words(sentences: str, most: int) -> str:
    return " ".join(sentences.split()[:most])


def _as_json(results: dict[str, Any], most: int) -> str:
    """As many whole results as fit."""
    while True:
        content = json.dumps(results, ensure_ascii=False)
        if tokens(content) <= most or not results:
            return content
        results.popitem()


def _as_text(order: Order, results: dict[str, Any]) -> str:
    parts = [_lines(Task(name), result) for name, result in results.items()]
    if len(parts) > 1:
        headings = [HEADINGS[Task(name)] for name in results]
        parts = [f"## {heading}\n{part}" for heading, part in zip(headings, parts, strict=True)]
    return "\n\n".join(parts if order.is_understood else [NOTHING_NEW, *parts])


def _lines(task: Task, result: Any) -> str:
    if task is Task.KEYWORDS:
        return ", ".join(result)
    if task is Task.OUTLINE:
        return "\n".join(f"- {point['heading']}: {point['says']}" for point in result)
    if task is Task.READABILITY:
        return _measured(result)
    if task is Task.IMPROVEMENTS:
        return "\n".join(f"- {point}" for point in result) or NOTHING_STANDS_OUT
    return "\n".join(result) if isinstance(result, list) else str(result)


def _measured(result: dict[str, Any]) -> str:
    ease = "" if result["flesch"] is None else f"reading ease {result['flesch']} (Flesch), "
    return (
        f"{result['level'].capitalize()} to read: {ease}LIX {result['lix']}, {result['words']} "
        f"words in {result['sentences']} sentences, {result['words_per_sentence']} words a "
        f"sentence, about {result['reading_minutes']} minutes."
    )


def _within(text: str, most: int) -> str:
    """Whole lines, or the beginning of the first one."""
    kept, used = [], 0
    for line in text.split("\n"):
        used += tokens(line)
        if used > most:
            break
        kept.append(line)
    whole = "\n".join(kept).rstrip()
    return (
        whole
        or text[: max((piece.end() for piece in islice(PIECE.finditer(text), most)), default=0)]
    )
