"""Content, its immutable versions, its slugs and its live snapshot."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Integer,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, TSVECTOR
from sqlalchemy.orm import Mapped, declared_attr, mapped_column

from stitch_common.versioning import Versioned
from stitch_content.content.rules import text_of
from stitch_content.db import Base

Moment = TIMESTAMP(timezone=True)

# Positions in a tsvector end at 16 383 words, and its size at 1 MiB: more text would be refused.
SEARCH_VECTOR = """
setweight(to_tsvector('english', title), 'A')
|| setweight(to_tsvector('english', coalesce(excerpt, '')), 'B')
|| setweight(to_tsvector('english', tags), 'B')
|| setweight(to_tsvector('english', coalesce(meta_keywords, '')), 'C')
|| setweight(to_tsvector('english', left(body_text, 100000)), 'D')
"""


class ContentType(StrEnum):
    """What kinds of content there are."""

    ARTICLE = "article"
    PAGE = "page"
    BLOG_POST = "blog_post"


class Status(StrEnum):
    """Where an item is in its life; the trash is apart from it."""

    DRAFT = "draft"
    PUBLISHED = "published"
    ARCHIVED = "archived"


TRASHED = "trashed"
"""What facts say instead of a status once an item lies in the trash or is gone."""


class Written:
    """What an editor writes: the same columns in the item, its versions and its live snapshot."""

    title: Mapped[str] = mapped_column(Text)
    slug: Mapped[str] = mapped_column(Text)
    content_type: Mapped[str] = mapped_column(Text)
    body: Mapped[str] = mapped_column(Text)
    excerpt: Mapped[str | None] = mapped_column(Text)
    meta_title: Mapped[str | None] = mapped_column(Text)
    meta_description: Mapped[str | None] = mapped_column(Text)
    meta_keywords: Mapped[str | None] = mapped_column(Text)
    locale: Mapped[str] = mapped_column(Text)

    @declared_attr
    @classmethod
    def tags(cls) -> Mapped[list[str]]:
        return mapped_column(JSONB)


WRITTEN = (
    "title", "slug", "content_type", "body", "excerpt", "meta_title", "meta_description",
    "meta_keywords", "locale", "tags",
)  # fmt: skip


class Content(Written, Versioned, Base):
    """An item as editors see it; the public sees its Publication."""

    __tablename__ = "content"
    __mapper_args__ = {"eager_defaults": False}  # noqa: RUF012 - SQLAlchemy's own way
    __table_args__ = (
        CheckConstraint("status in ('draft', 'published', 'archived')", name="status"),
        CheckConstraint("content_type in ('article', 'page', 'blog_post')", name="content_type"),
        CheckConstraint("(status = 'published') = (live_version is not null)", name="live"),
        CheckConstraint("deleted_at is null or status = 'draft'", name="trashed"),
        Index("ix_content_search", "search", postgresql_using="gin"),
        Index(
            "ix_content_tags",
            "tags",
            postgresql_using="gin",
            postgresql_ops={"tags": "jsonb_path_ops"},
        ),
        *(
            Index(f"ix_content_{name}", *columns, "id", postgresql_where=text("deleted_at is null"))
            for name, columns in {
                "created_at": ["created_at"],
                "updated_at": ["updated_at"],
                "title": ["title"],
                "status": ["status", "created_at"],
                "content_type": ["content_type", "created_at"],
                "author_id": ["author_id", "created_at"],
            }.items()
        ),
        Index(
            "ix_content_published_at",
            text("coalesce(published_at, '-infinity'::timestamptz)"),
            "id",
            postgresql_where=text("deleted_at is null"),
        ),
        Index(
            "ix_content_deleted_at",
            "deleted_at",
            "id",
            postgresql_where=text("deleted_at is not null"),
        ),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    body_text: Mapped[str] = mapped_column(Text, deferred=True, deferred_raiseload=True)
    status: Mapped[str] = mapped_column(Text, default=Status.DRAFT)
    author_id: Mapped[int] = mapped_column(BigInteger)
    ai_generated: Mapped[bool] = mapped_column(default=False)
    ai_suggestions: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    created_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)
    published_at: Mapped[datetime | None] = mapped_column(Moment)
    publish_at: Mapped[datetime | None] = mapped_column(Moment)
    unpublish_at: Mapped[datetime | None] = mapped_column(Moment)
    deleted_at: Mapped[datetime | None] = mapped_column(Moment)
    saved_version: Mapped[int] = mapped_column(Integer, default=1)
    """The number of the newest ContentVersion."""
    live_version: Mapped[int | None] = mapped_column(Integer)
    """The number of the ContentVersion that the public sees."""
    search: Mapped[str] = mapped_column(
        TSVECTOR, Computed(SEARCH_VECTOR), deferred=True, deferred_raiseload=True
    )

    @property
    def has_unpublished_changes(self) -> bool:
        return self.live_version is not None and self.live_version != self.saved_version

    def edit(self, values: Mapping[str, Any], *, at: datetime) -> list[str]:
        """Take these values; gives the names of those that are different from before."""
        changed = [name for name, value in values.items() if getattr(self, name) != value]
        for name in changed:
            setattr(self, name, values[name])
        if "body" in changed:
            self.body_text = text_of(self.body)
        self._changed(changed, at)
        if not set(WRITTEN).isdisjoint(changed):
            self.saved_version = self.version
        return changed

    def publish(self, at: datetime) -> bool:
        """Show the newest version to the public; False if it is shown already."""
        if self.live_version == self.saved_version:
            return False
        if self.live_version is None:
            self.published_at = at
        self.live_version = self.saved_version
        self.status = Status.PUBLISHED
        self._changed(["status", "published_at"], at)
        return True

    def withdraw(self, status: Status, *, at: datetime) -> bool:
        """Make it a draft again or put it away; False if it is that already."""
        if self.status == status:
            return False
        self.status = status
        self.live_version = None
        self._changed(["status"], at)
        return True

    def trash(self, at: datetime) -> None:
        """Take it away from everybody but the trash; it would come back as a draft."""
        self.status = Status.DRAFT
        self.live_version = None
        self.deleted_at = at
        self._changed(["status", "deleted_at"], at)

    def restore(self, at: datetime) -> None:
        self.deleted_at = None
        self._changed(["deleted_at"], at)

    def _changed(self, names: Iterable[str], at: datetime) -> None:
        before = self.version
        self.touch(names)
        if self.version != before:
            self.updated_at = at

    def facts_know(self, at: datetime) -> dict[str, Any]:
        """What every fact about an item says."""
        return {
            "content_id": self.id,
            "version": self.version,
            "at": at,
            "title": self.title,
            "slug": self.slug,
            "content_type": self.content_type,
            "status": self.status if self.deleted_at is None else TRASHED,
            "author_id": self.author_id,
        }


class ContentVersion(Written, Base):
    """What was saved, for ever; its number is the item's version at that time."""

    __tablename__ = "versions"

    content_id: Mapped[int] = mapped_column(
        ForeignKey(Content.id, ondelete="CASCADE"), primary_key=True
    )
    number: Mapped[int] = mapped_column(Integer, primary_key=True)
    saved_by: Mapped[int] = mapped_column(BigInteger)
    saved_at: Mapped[datetime] = mapped_column(Moment)


class Publication(Written, Base):
    """What the public sees; the row is there as long as it does."""

    __tablename__ = "publications"
    __table_args__ = (
        Index("ix_publications_published_at", "published_at", "content_id"),
        Index("ix_publications_content_type", "content_type", "published_at", "content_id"),
        Index(
            "ix_publications_tags",
            "tags",
            postgresql_using="gin",
            postgresql_ops={"tags": "jsonb_path_ops"},
        ),
    )

    content_id: Mapped[int] = mapped_column(
        ForeignKey(Content.id, ondelete="CASCADE"), primary_key=True
    )
    version: Mapped[int] = mapped_column(Integer)
    published_at: Mapped[datetime] = mapped_column(Moment)
    updated_at: Mapped[datetime] = mapped_column(Moment)


class Slug(Base):
    """A slug belongs to one item, also after the item has taken another: links stay good."""

    __tablename__ = "slugs"
    __table_args__ = (Index("ix_slugs_content_id", "content_id"),)

    slug: Mapped[str] = mapped_column(Text, primary_key=True)
    content_id: Mapped[int] = mapped_column(ForeignKey(Content.id, ondelete="CASCADE"))
    was_live: Mapped[bool] = mapped_column(default=False)
    """The public has seen it; otherwise it is free again when the item lets it go."""


def written(item: Written) -> dict[str, Any]:
    """The values of the columns that an item, its versions and its publication share."""
    return {name: getattr(item, name) for name in WRITTEN}
