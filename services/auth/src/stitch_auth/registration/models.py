"""Usernames that are taken, although nobody has them."""

from datetime import datetime

from sqlalchemy import DateTime, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from stitch_auth.accounts.models import User, login_key
from stitch_auth.db import Base


class WantedName(Base):
    """A username that somebody wanted with an address that has an account already.

    It is as taken as if an account had been made. Otherwise who asks for the same name a second
    time, with another address or another password, learns whether the first address is known.
    For the same reason it is free again when that account would have been deleted (`pruning`).
    """

    __tablename__ = "wanted_names"

    username_key: Mapped[str] = mapped_column(Text, primary_key=True)
    email_key: Mapped[str] = mapped_column(Text)
    password_hash: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))

    __table_args__ = (Index(None, "created_at"),)

    @classmethod
    def of(cls, user: User) -> "WantedName":
        """The name of an account that can't be made."""
        return cls(
            username_key=user.username_key,
            email_key=user.email_key,
            password_hash=user.password_hash,
            created_at=user.created_at,
        )

    def owns(self, email: str) -> bool:
        """Whether it was wanted with this address, in whatever spelling."""
        return login_key(email) == ("email_key", self.email_key)
