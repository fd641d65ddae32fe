"""Providers as they are stored."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Identity, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stitch_ai.db import Base
from stitch_common.versioning import Versioned


class ProviderKind(StrEnum):
    """Whose API it speaks."""

    LOCAL = "local"
    OPENAI = "openai"
    ANTHROPIC = "anthropic"
    OPENROUTER = "openrouter"
    OPENAI_COMPATIBLE = "openai_compatible"


class Provider(Versioned, Base):
    """Somebody who runs models; the default is asked first, the others by position."""

    __tablename__ = "providers"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    name: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    base_url: Mapped[str | None] = mapped_column(Text)
    api_key: Mapped[bytes | None] = mapped_column()
    """Sealed; never read but to call the provider."""
    models: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    default_model: Mapped[str] = mapped_column(Text)
    position: Mapped[int] = mapped_column()
    is_active: Mapped[bool] = mapped_column()
    is_default: Mapped[bool] = mapped_column()
    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()

    __table_args__ = (
        UniqueConstraint("name"),
        CheckConstraint(
            "kind in ('local', 'openai', 'anthropic', 'openrouter', 'openai_compatible')",
            name="kind",
        ),
        CheckConstraint("is_active or not is_default", name="default"),
        Index(
            "uq_providers_is_default",
            "is_default",
            unique=True,
            postgresql_where=text("is_default"),
        ),
        Index("ix_providers_position_id", "position", "id"),
    )
