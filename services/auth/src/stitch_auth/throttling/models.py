"""Limits, and the attempts that count towards them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256

from sqlalchemy import ARRAY, Boolean, DateTime, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from stitch_auth.db import Base


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `count` attempts within any stretch of `window`."""

    name: str
    count: int
    window: timedelta

    def key(self, *parts: str) -> bytes:
        """What is counted together; the digest keeps names and addresses out of the table."""
        return sha256("\0".join((self.name, *parts)).encode()).digest()

    def wait(self, recent: Sequence[datetime], now: datetime) -> timedelta:
        """How long until enough of these attempts have left the window."""
        return max(sorted(recent)[-self.count] + self.window - now, timedelta(0))


class RecentAttempts(Base):
    """When something was tried; unlogged, because a crash may well forget half a minute."""

    __tablename__ = "recent_attempts"

    key: Mapped[bytes] = mapped_column(LargeBinary, primary_key=True)
    attempts: Mapped[list[datetime]] = mapped_column(ARRAY(DateTime(timezone=True)))
    is_refused: Mapped[bool] = mapped_column(Boolean)
    """Whether the last attempt was one too many."""
    until: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """When the last attempt leaves the window, and the row means nothing any more."""

    __table_args__ = (Index(None, "until"), {"prefixes": ["UNLOGGED"]})
