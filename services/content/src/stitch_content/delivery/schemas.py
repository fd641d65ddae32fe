"""What the public sees; an outsider gets a slug, never an id."""

from pydantic import AwareDatetime, BaseModel

from stitch_content.content.models import ContentType


class PublishedItem(BaseModel):
    """A live item as it was when it was last published."""

    slug: str
    title: str
    content_type: ContentType
    body: str
    excerpt: str | None
    meta_title: str | None
    meta_description: str | None
    meta_keywords: str | None
    tags: list[str]
    locale: str
    published_at: AwareDatetime
    updated_at: AwareDatetime
    """When this version was published."""
    version: int
