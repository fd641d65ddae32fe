"""Templates into mails: MJML is compiled once, then filled for each recipient."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from jinja2.sandbox import ImmutableSandboxedEnvironment
from mjml import mjml2html

from stitch_notifications.rendering.errors import InvalidLayoutError
from stitch_notifications.rendering.rules import headline, placeholders, refusals, sample_values
from stitch_notifications.templates.models import Kind

__all__ = [
    "InvalidLayoutError",
    "Rendered",
    "Values",
    "Wording",
    "headline",
    "placeholders",
    "refusals",
    "render",
    "sample_values",
    "standard_subject",
    "standard_wording",
]

STANDARD = Path(__file__).parent / "standard"
MOST_ELEMENTS = 600
"""MJML is compiled by recursion in native code: from some 1,400 nested elements on, the process
ends by SIGSEGV. The standard layouts have 60."""

Values = Mapping[str, Any]
"""What the placeholders stand for."""


@dataclass(frozen=True, slots=True)
class Wording:
    """A template as it is written; without MJML the text is laid out as paragraphs."""

    subject: str
    text: str
    mjml: str | None = None


@dataclass(frozen=True, slots=True)
class Rendered:
    """A mail's content for one recipient."""

    subject: str
    text: str
    html: str


_OPENING = re.compile(r"<[^/!\s]")

# The parts of the layouts are put together before MJML is compiled, with brackets for braces.
_LAYOUTS = Environment(
    loader=FileSystemLoader(STANDARD),
    block_start_string="[%",
    block_end_string="%]",
    variable_start_string="[[",
    variable_end_string="]]",
    comment_start_string="[#",
    comment_end_string="#]",
    undefined=StrictUndefined,
    autoescape=False,  # noqa: S701 - these are our own files, no values are filled in here
)
_TEXTS = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True, autoescape=False
)
_PAGES = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=True)


def render(kind: Kind, values: Values, wording: Wording | None = None) -> Rendered:
    """Fill the standard template of this kind, or the given one."""
    chosen = wording or standard_wording(kind)
    subject = _one_line(_text(chosen.subject).render(values))
    text = _text(chosen.text).render(values).strip() + "\n"
    paragraphs = [part.strip() for part in text.split("\n\n") if part.strip()]
    page = _page(chosen.mjml or _standard_layout("plain"))
    optional = {"rsvp_link": "", "unsubscribe_link": ""}
    html = page.render({**optional, **values}, subject=subject, paragraphs=paragraphs)
    return Rendered(subject, text, html)


@cache
def standard_wording(kind: Kind) -> Wording:
    """The template that comes with the code."""
    subject, _, text = (STANDARD / f"{kind}.txt").read_text("utf-8").partition("\n")
    return Wording(subject.removeprefix("Subject: "), text, _standard_layout(kind))


def standard_subject(
    kind: Kind,
    *,
    title: str = "",
    answer: str = "",
    is_invitation: bool = False,
    about: str = "",
) -> str:
    """What a mail is called in lists until it is written for its recipient."""
    template = _text(standard_wording(kind).subject)
    known = {
        "event_title": title,
        "answer": answer,
        "is_invitation": is_invitation,
        "headline": headline(about),
    }
    return _one_line(template.render(known))


def compiled(mjml: str) -> str:
    """The HTML of a layout; InvalidLayoutError."""
    # Counted, not nested: whatever a text opens, it can't open deeper than it opens at all.
    if len(_OPENING.findall(mjml)) > MOST_ELEMENTS:
        raise InvalidLayoutError(f"The MJML has more than {MOST_ELEMENTS} elements.")
    try:
        # Without a list of fonts MJML would have readers fetch some from elsewhere.
        return str(mjml2html(mjml, fonts={}))
    except (OSError, ValueError) as error:
        raise InvalidLayoutError(f"The MJML can't be compiled: {error}") from error


@cache
def _standard_layout(name: str) -> str:
    return _LAYOUTS.get_template(f"{name}.mjml").render()


@lru_cache(maxsize=256)
def _text(source: str) -> Template:
    return _TEXTS.from_string(source)


@lru_cache(maxsize=64)
def _page(mjml: str) -> Template:
    return _PAGES.from_string(compiled(mjml))


def _one_line(text: str) -> str:
    """Nothing that somebody types can add a header to a mail."""
    return " ".join(text.split())
