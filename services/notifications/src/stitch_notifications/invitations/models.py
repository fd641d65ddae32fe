"""Batches: what an editor has asked for in one go."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Integer, Text, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from stitch_notifications.db import Base


class Batch(Base):
    """One send of invitations or reminders; its progress is counted from its deliveries."""

    __tablename__ = "batches"

    id: Mapped[UUID] = mapped_column(postgresql.UUID(as_uuid=True), primary_key=True)
    event_id: Mapped[int] = mapped_column(BigInteger)
    kind: Mapped[str] = mapped_column(Text)
    """invitation | reminder"""
    template_id: Mapped[int | None] = mapped_column(BigInteger)
    requested_by: Mapped[int] = mapped_column(BigInteger)
    queued: Mapped[int] = mapped_column(Integer)
    skipped: Mapped[int] = mapped_column(Integer)
    refused: Mapped[int] = mapped_column(Integer, server_default=text("0"))
    """People whom events did not invite after all."""
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
