"""A text as readers see it: headings, paragraphs, sentences and words, without its markup."""

import re
from dataclasses import dataclass
from functools import cached_property
from html import unescape

from segtok.segmenter import split_single  # type: ignore[import-untyped]

# Python holds all threads while an expression is matched. None of these may look further than the
# next bracket: what is looked for from every bracket to the end takes minutes in a long text.
TAG = re.compile(
    r"<(?:p|div|h[1-6]|ul|ol|li|br|article|section|b|i|em|strong|a|span)\b[^<>]*>", re.IGNORECASE
)
UNSEEN = re.compile(
    r"<!--(?:.*?-->|.*)|<(script|style|template|head)\b(?:.*?</\1\s*>|.*)",
    re.DOTALL | re.IGNORECASE,
)
MARKUP = re.compile(
    r"""<(?P<end>/?)(?P<tag>[a-z][\w:-]*)(?:[^<>"']|"[^"<]*"|'[^'<]*')*>|<[!?/][^<>]*>""",
    re.IGNORECASE,
)
HEADING = re.compile(r"\A(?P<marks>#{1,6})\s+(?P<heading>.+)\Z")
MARKDOWN = re.compile(r"[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}|!?\[(?P<label>[^\]\[]*)\]\([^)\[]*\)")
BULLET = re.compile(r"\A\s*(?:[-*•]|\d+[.)])\s+")
WORD = re.compile("[^\\W\\d_]+(?:['\N{RIGHT SINGLE QUOTATION MARK}-][^\\W\\d_]+)*")
BLOCKS = re.compile(
    "address|article|aside|blockquote|br|div|d[dlt]|figure|footer|h[1-6]|header|hr|li|main|nav|"
    "[ou]l|p|pre|section|table|t[dhr]"
)


@dataclass(frozen=True)
class Section:
    """A heading, if there is one, and what stands below it."""

    heading: str
    paragraphs: tuple[str, ...]

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        return tuple(
            sentence.strip()
            for paragraph in self.paragraphs
            for sentence in split_single(paragraph)
            if WORD.search(sentence)
        )


@dataclass(frozen=True)
class Text:
    """What can be said about a text without knowing what it means."""

    sections: tuple[Section, ...]

    @classmethod
    def of(cls, source: str) -> "Text":
        """Read HTML, Markdown or plain text."""
        plain = _without_tags(source) if TAG.search(source) else source
        return cls(tuple(_sections(plain)))

    @cached_property
    def headings(self) -> tuple[str, ...]:
        return tuple(section.heading for section in self.sections if section.heading)

    @cached_property
    def paragraphs(self) -> tuple[str, ...]:
        return tuple(part for section in self.sections for part in section.paragraphs)

    @cached_property
    def sentences(self) -> tuple[str, ...]:
        return tuple(part for section in self.sections for part in section.sentences)

    @cached_property
    def words(self) -> tuple[str, ...]:
        return words_of(self.body)

    @cached_property
    def body(self) -> str:
        return "\n\n".join(self.paragraphs)


def words_of(text: str) -> tuple[str, ...]:
    return tuple(WORD.findall(text))


def _sections(plain: str) -> list[Section]:
    sections, heading, paragraphs = [], "", list[str]()
    for block in re.split(r"\n\s*\n|\n(?=#{1,6}\s)|(?<=\n)(?=[-*•] )", plain.strip()):
        first, _, rest = block.strip().partition("\n")
        found = HEADING.match(first)
        if found:
            if heading or paragraphs:
                sections.append(Section(heading, tuple(paragraphs)))
            heading, paragraphs = _without_marks(found["heading"]), []
        paragraph = _without_marks(rest if found else block)
        if paragraph:
            paragraphs.append(paragraph)
    if heading or paragraphs:
        sections.append(Section(heading, tuple(paragraphs)))
    return sections


def _without_marks(text: str) -> str:
    lines = (BULLET.sub("", line) for line in text.splitlines())
    plain = MARKDOWN.sub(lambda mark: mark["label"] or "", " ".join(lines))
    return " ".join(plain.split())


def _without_tags(source: str) -> str:
    """Keeps what is seen; headings become Markdown's."""
    text = unescape(MARKUP.sub(_as_markdown, UNSEEN.sub("", source)))
    return re.sub(r"[ \t]+", " ", text)


def _as_markdown(found: re.Match[str]) -> str:
    tag = (found["tag"] or "").lower()
    if not BLOCKS.fullmatch(tag):
        return ""
    is_heading = tag[0] == "h" and tag[1:].isdigit() and not found["end"]
    return "\n\n" + "#" * int(tag[1:]) + " " if is_heading else "\n\n"
