"""The bones of a text: its headings, or what its parts are about, with their best sentence."""

from dataclasses import dataclass

from stitch_ai.extraction.rules.keywords import Keyword, keywords
from stitch_ai.extraction.rules.summary import summary
from stitch_ai.extraction.rules.text import Section, Text

PARTS = 5


@dataclass(frozen=True, slots=True)
class Point:
    """One part of a text."""

    heading: str
    says: str


def outline(text: Text, phrases: list[Keyword], *, count: int | None = None) -> list[Point]:
    """The parts in their order, each named once."""
    has_parts = len(text.headings) > 1
    sections = list(text.sections) if has_parts else _parts(text, count or PARTS)
    points: list[Point] = []
    for section in sections:
        part = Text((section,))
        heading = section.heading or _name(part, phrases, {point.heading for point in points})
        says = summary(part, phrases, count=1)
        if heading:
            points.append(Point(heading, says[0] if says else ""))
    return points[:count] if count else points


def _parts(text: Text, most: int) -> list[Section]:
    """Paragraphs side by side until there are few enough; sentences, if it is one paragraph."""
    units = text.paragraphs if len(text.paragraphs) > 1 else text.sentences
    size = -(-len(units) // most) or 1
    return [Section("", units[start : start + size]) for start in range(0, len(units), size)]


def _name(part: Text, phrases: list[Keyword], taken: set[str]) -> str:
    known = [phrase.phrase for phrase in phrases if phrase.phrase.lower() in part.body.lower()]
    for name in [*known, *(keyword.phrase for keyword in keywords(part, count=3))]:
        heading = name[:1].upper() + name[1:]
        if heading not in taken:
            return heading
    return ""
