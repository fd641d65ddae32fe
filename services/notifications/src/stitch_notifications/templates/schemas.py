"""Bodies of templates."""

from typing import Annotated

from pydantic import BaseModel, StringConstraints

from stitch_common.contracts.base import UTCDatetime
from stitch_common.http.bodies import RequestBody
from stitch_notifications.templates.models import Kind

Name = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Subject = Annotated[str, StringConstraints(min_length=1, max_length=1000)]
"""A template, too: what it says for one answer is a part of it."""
Text = Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
MJML = Annotated[str, StringConstraints(min_length=1, max_length=200_000)]


class TemplateBody(RequestBody):
    """A template: placeholders as `{{ event_title }}`, conditions as `{% if … %}`.

    Without `mjml` the paragraphs of `text` are laid out like the standard mails; a paragraph that
    is only `{{ rsvp_link }}` becomes a button. A layout may also show `{{ subject }}`; those of the
    standard templates are examples to copy.
    """

    kind: Kind
    name: Name
    subject: Subject
    text: Text
    mjml: MJML | None = None
    is_default: bool = False
    """Use it for mails of this kind when nobody chooses a template."""


class TemplateView(BaseModel):
    """A template as it is now."""

    id: int
    kind: Kind
    name: str
    subject: str
    text: str
    mjml: str | None
    is_builtin: bool
    is_default: bool
    placeholders: list[str]
    """What its texts may show."""
    created_at: UTCDatetime
    updated_at: UTCDatetime
    version: int
