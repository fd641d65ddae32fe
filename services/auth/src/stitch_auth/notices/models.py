"""Notices that were given."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from stitch_auth.db import Base, words


class About(StrEnum):
    """What was done."""

    PASSWORD_CHANGED = "password-changed"  # noqa: S105 - what was done, no password
    PASSWORD_RESET = "password-reset"  # noqa: S105 - as above
    EMAIL_CHANGED = "email-changed"
    REGISTRATION_REPEATED = "registration-repeated"
    NEW_DEVICE = "new-device"
    FACTOR_ADDED = "second-factor-added"
    FACTOR_REMOVED = "second-factor-removed"


class Notice(Base):
    """A mail about something that was done; its token is stored nowhere."""

    __tablename__ = "notices"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("auth.users.id", ondelete="cascade"))
    about: Mapped[About] = mapped_column(words(About, "about", length=32))
    email: Mapped[str] = mapped_column(Text)
    """Where the mail went: who reads it there gets the account back at this address."""
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    superseded_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (Index(None, "user_id"), Index(None, "expires_at"))

    def counts_at(self, at: datetime) -> bool:
        """Neither used, nor overruled by an objection to something earlier, nor expired."""
        return self.used_at is None and self.superseded_at is None and self.expires_at > at
