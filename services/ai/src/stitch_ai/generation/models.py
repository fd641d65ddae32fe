"""What was generated for whom; rows never change."""

from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Index, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stitch_ai.db import Base


class Outcome(StrEnum):
    """How a generation ended."""

    COMPLETED = "completed"
    FAILED = "failed"


class Generation(Base):
    """One prompt and who answered it; neither prompt nor answer is kept."""

    __tablename__ = "generations"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(BigInteger)
    provider_id: Mapped[int | None] = mapped_column(BigInteger)
    provider: Mapped[str] = mapped_column(Text)
    model: Mapped[str] = mapped_column(Text)
    outcome: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(Text)
    prompt_tokens: Mapped[int] = mapped_column(BigInteger)
    completion_tokens: Mapped[int] = mapped_column(BigInteger)
    attempts: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    duration_ms: Mapped[int] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()

    __table_args__ = (
        CheckConstraint("outcome in ('completed', 'failed')", name="outcome"),
        CheckConstraint("(outcome = 'failed') = (reason is not null)", name="reason"),
        CheckConstraint("prompt_tokens >= 0 and completion_tokens >= 0", name="tokens"),
        Index("ix_generations_user_id_created_at", "user_id", "created_at"),
        Index("ix_generations_created_at", "created_at"),
    )
