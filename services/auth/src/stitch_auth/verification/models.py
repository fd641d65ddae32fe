"""Verification mails."""

from datetime import datetime

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from stitch_auth.db import Base


class EmailVerification(Base):
    """A mail that asks whether an address belongs to an account; its token is stored nowhere."""

    __tablename__ = "email_verifications"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("auth.users.id", ondelete="cascade"))
    email_key: Mapped[str] = mapped_column(Text)
    """The address as it was asked; a changed one makes the mail worthless."""
    new_email: Mapped[str | None] = mapped_column(Text)
    """Set where the owner of an account wants this address instead."""
    asked_in: Mapped[str | None] = mapped_column(Text)
    """The session that asked for the new address; it alone outlives the change."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    superseded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    def counts_at(self, at: datetime) -> bool:
        """Neither spent, nor followed by a newer mail, nor expired."""
        return self.used_at is None and self.superseded_at is None and self.expires_at > at
