"""The dashboard's read model: one row for each thing it has heard of, and the latest activity."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index, Integer, Text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.orm import Mapped, mapped_column

from stitch_content.db import Base

Moment = TIMESTAMP(timezone=True)


class Known(Base):
    """What the newest fact about one thing said; every count is a count of these rows.

    `version`, `told_at` and `subject` say which fact that was.
    """

    __tablename__ = "dashboard_known"
    __table_args__ = (
        Index("ix_dashboard_known_state", "kind", "state", "starts_at"),
        Index("ix_dashboard_known_counted_at", "counted_at"),
        Index("ix_dashboard_known_parent", "kind", "parent"),
    )

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    """content | user | module | event | rsvp | email"""
    key: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    version: Mapped[int] = mapped_column(Integer)
    told_at: Mapped[datetime] = mapped_column(Moment)
    subject: Mapped[str] = mapped_column(Text)
    state: Mapped[str] = mapped_column(Text)
    category: Mapped[str | None] = mapped_column(Text)
    parent: Mapped[int | None] = mapped_column(BigInteger)
    starts_at: Mapped[datetime | None] = mapped_column(Moment)
    title: Mapped[str | None] = mapped_column(Text)
    titled: Mapped[int] = mapped_column(Integer)
    """The version that the title is of; not every fact tells one."""
    counted_at: Mapped[datetime | None] = mapped_column(Moment)
    """When it was created (a mail: sent); the day on which timelines count it."""


class Activity(Base):
    """Something that happened lately; only the newest rows are kept."""

    __tablename__ = "dashboard_activity"
    __table_args__ = (Index("ix_dashboard_activity_at", "at", "fact_id"),)

    fact_id: Mapped[UUID] = mapped_column(PG_UUID(as_uuid=True), primary_key=True)
    at: Mapped[datetime] = mapped_column(Moment)
    kind: Mapped[str] = mapped_column(Text)
    key: Mapped[int] = mapped_column(BigInteger)
    event_id: Mapped[int | None] = mapped_column(BigInteger)
    """The event whose title is shown, where the fact tells none."""
    title: Mapped[str | None] = mapped_column(Text)
    action: Mapped[str] = mapped_column(Text)
    status: Mapped[str] = mapped_column(Text)
