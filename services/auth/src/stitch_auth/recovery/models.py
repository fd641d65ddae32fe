"""Mails with which somebody can set a new password."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index
from sqlalchemy.orm import Mapped, mapped_column

from stitch_auth.db import Base


class PasswordReset(Base):
    """One mail; its token is stored nowhere."""

    __tablename__ = "password_resets"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("auth.users.id", ondelete="cascade"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    superseded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    def counts_at(self, at: datetime) -> bool:
        """Neither spent, nor made worthless by something newer, nor expired."""
        return self.used_at is None and self.superseded_at is None and self.expires_at > at
