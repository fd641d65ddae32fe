"""What a prompt asks for, and on which text."""

import re
from dataclasses import dataclass
from enum import StrEnum


class Task(StrEnum):
    """What can be done by extraction."""

    SUMMARY = "summary"
    TITLES = "titles"
    META_DESCRIPTION = "meta_description"
    KEYWORDS = "keywords"
    OUTLINE = "outline"
    IMPROVEMENTS = "improvements"
    READABILITY = "readability"


@dataclass(frozen=True, slots=True)
class Wish:
    """A task, and how many of it were asked for."""

    task: Task
    count: int | None = None


@dataclass(frozen=True, slots=True)
class Order:
    """A prompt, understood as far as it can be without a language model."""

    wishes: tuple[Wish, ...]
    material: str
    is_understood: bool
    """False if the prompt names none of our tasks, so that we do what is most often useful."""
    most_words: int | None


SIGNS = {
    Task.META_DESCRIPTION: r"meta[ -]?descriptions?|seo descriptions?|search snippets?|teasers?",
    Task.KEYWORDS: r"key ?words?|key ?phrases?|tags?|schlagw\w+|stichw\w+|schlüsselw\w+",
    Task.TITLES: r"(?:meta )?titles?|headlines?|subject lines?|titel\w*|überschrift\w*",
    Task.OUTLINE: r"outlines?|table of contents|structure|gliederung|gliedere",
    Task.READABILITY: r"readab\w+|reading (?:ease|level|time)|how readable|lesbarkeit",
    Task.IMPROVEMENTS: r"improve\w*|proofread\w*|feedback|revise|critique|verbesser\w*",
    Task.SUMMARY: (
        r"summar\w+|tl;?dr|abstracts?|excerpts?|shorten|condense|in short|main points?|"
        r"key points?|zusammenfass\w+|fasse\b.{0,200}\bzusammen|kürze\w*"
    ),
}
NUMBERS = {
    word: number
    for number, words in enumerate(
        ("one ein eine", "two zwei", "three drei", "four vier", "five fünf", "six sechs"), start=1
    )
    for word in words.split()
}
NUMBER = rf"(?P<number>\d{{1,2}}|{'|'.join(NUMBERS)})"
ADJECTIVES = r"(?:\s+(?!and\b|und\b|or\b|oder\b)\w+){0,2}"
WORD_LIMIT = re.compile(r"(\d{1,4}) (?:words|wörter\w*)", re.IGNORECASE)
SENTENCES = re.compile(rf"{NUMBER}{ADJECTIVES} (?:sentences?|sätze\w*)", re.IGNORECASE)
INSTRUCTION = re.compile(r"\A(?P<instruction>[^\n]{0,400}?)(?::\s|\n)\s*(?P<text>.+)\Z", re.DOTALL)
ENOUGH_WORDS = 12
TOPIC = re.compile(
    r"\b(?:about|on the topic of|regarding|über|zum thema)\s+(?P<topic>\S.+)",
    re.IGNORECASE | re.DOTALL,
)


def understand(prompt: str, context: str) -> Order:
    """The wishes of a prompt; the text is the context, else what follows the instruction."""
    instruction, material = _split(prompt, context)
    wishes = tuple(
        Wish(task, _count(task, instruction))
        for task, sign in SIGNS.items()
        if re.search(rf"\b(?:{sign})", instruction, re.IGNORECASE)
    )
    limit = WORD_LIMIT.search(instruction)
    return Order(
        wishes=_in_order(wishes) or (Wish(Task.SUMMARY), Wish(Task.KEYWORDS)),
        material=material,
        is_understood=bool(wishes),
        most_words=int(limit[1]) if limit else None,
    )


def _split(prompt: str, context: str) -> tuple[str, str]:
    if context.strip():
        return prompt, context
    parts = INSTRUCTION.match(prompt.strip())
    if parts and len(parts["text"].split()) >= ENOUGH_WORDS:
        return parts["instruction"], parts["text"]
    topic = TOPIC.search(prompt)
    return prompt, topic["topic"] if topic else prompt


def _in_order(wishes: tuple[Wish, ...]) -> tuple[Wish, ...]:
    order = list(Task)
    return tuple(sorted(wishes, key=lambda wish: order.index(wish.task)))


def _count(task: Task, instruction: str) -> int | None:
    if task is Task.SUMMARY:
        found = SENTENCES.search(instruction)
    else:
        pattern = rf"\b{NUMBER}{ADJECTIVES}\s+(?:{SIGNS[task]})"
        found = re.search(pattern, instruction, re.IGNORECASE)
    if found is None:
        return None
    number = found["number"].lower()
    return NUMBERS.get(number) or int(number)
