"""Bodies of content requests and answers."""

from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from stitch_common.http.bodies import RequestBody
from stitch_content.content.models import ContentType, Status
from stitch_content.content.rules import clean_html, composed, is_tangled, plain_text, slug_of

MAX_TAGS = 30


def _usable_slug(text: str) -> str:
    slug = slug_of(text)
    if not slug:
        raise ValueError("A slug needs a letter or a digit.")
    return slug


def _untangled(body: str) -> str:
    if is_tangled(body):
        raise ValueError(
            "This HTML has too many tags, unclosed elements, attributes or ampersands to be read."
        )
    return body


def _none_if_blank(value: Any) -> Any:
    return value if not isinstance(value, str) or value.strip() else None


def _distinct(tags: list[str]) -> list[str]:
    return list(dict.fromkeys(tags))


# The length is checked before the text is stripped: nested encodings cost a pass a level.
Title = Annotated[str, Field(max_length=300), AfterValidator(plain_text), Field(min_length=1)]
Excerpt = Annotated[str, Field(max_length=2000), AfterValidator(plain_text)]
Meta = Annotated[str, Field(max_length=500), AfterValidator(plain_text)]
HTML = Annotated[str, AfterValidator(_untangled), AfterValidator(clean_html)]
Slug = Annotated[str, Field(max_length=300), AfterValidator(_usable_slug)]
Tag = Annotated[str, Field(max_length=50), AfterValidator(plain_text), Field(min_length=1)]
WantedTag = Annotated[str, AfterValidator(composed)]
"""A tag that somebody looks for, as it would have been stored."""
Tags = Annotated[list[Tag], Field(max_length=MAX_TAGS), AfterValidator(_distinct)]
Locale = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$")]


class ContentCreate(RequestBody):
    """A new item; a draft unless `status` says otherwise."""

    title: Title
    content_type: ContentType = ContentType.ARTICLE
    slug: Annotated[Slug | None, BeforeValidator(_none_if_blank)] = None
    """Made from the title if it is left out."""
    body: HTML = ""
    excerpt: Excerpt | None = None
    status: Status = Status.DRAFT
    meta_title: Meta | None = None
    meta_description: Meta | None = None
    meta_keywords: Meta | None = None
    tags: Tags = Field(default_factory=list)
    locale: Locale = "en"
    ai_generated: bool = False


class ContentUpdate(RequestBody):
    """Changes of an item; what is left out stays as it is, with PUT as with PATCH."""

    # The defaults are never read: they only let a field be left out, without allowing null.
    title: Title = ""
    content_type: ContentType = ContentType.ARTICLE
    slug: Slug = ""
    body: HTML = ""
    excerpt: Excerpt | None = None
    status: Status = Status.DRAFT
    """A status other than the present one publishes, unpublishes or archives the item."""
    meta_title: Meta | None = None
    meta_description: Meta | None = None
    meta_keywords: Meta | None = None
    tags: Tags = Field(default_factory=list)
    locale: Locale = "en"
    ai_generated: bool = False


class ContentView(BaseModel):
    """An item as editors see it."""

    model_config = ConfigDict(from_attributes=True)

    id: int
    title: str
    slug: str
    content_type: ContentType
    body: str
    excerpt: str | None
    status: Status
    author_id: int
    meta_title: str | None
    meta_description: str | None
    meta_keywords: str | None
    tags: list[str]
    locale: str
    ai_generated: bool
    ai_suggestions: dict[str, Any] | None
    created_at: AwareDatetime
    updated_at: AwareDatetime
    published_at: AwareDatetime | None
    publish_at: AwareDatetime | None
    unpublish_at: AwareDatetime | None
    has_unpublished_changes: bool
    """The public still sees an older version."""
    version: int
