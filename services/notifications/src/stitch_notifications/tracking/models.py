"""Addresses that get no more bulk mail."""

from datetime import datetime

from sqlalchemy import BigInteger, Identity, Index, Text, text
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from stitch_notifications.db import Base


class Suppression(Base):
    """Somebody wants no more bulk mail about one event, or, without an event, about any."""

    __tablename__ = "suppressions"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    address: Mapped[str] = mapped_column(Text)
    """In lower case."""
    event_id: Mapped[int | None] = mapped_column(BigInteger)
    reason: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))

    __table_args__ = (
        Index(
            "uq_suppressions_address_event_id",
            "address",
            text("coalesce(event_id, 0)"),
            unique=True,
        ),
    )
