"""Sessions: one a log-in, kept alive by a family of refresh tokens."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import uuid4

from sqlalchemy import (
    BigInteger,
    DateTime,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Text,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from stitch_auth.accounts.models import User
from stitch_auth.callers.models import Caller
from stitch_auth.db import Base, words

SEED_BYTES = 32


@dataclass(frozen=True, slots=True)
class Credentials:
    """What somebody claims to know; `login` is a username or an e-mail address."""

    login: str
    password: str
    scope: str
    otp: str | None = None


class Delivery(StrEnum):
    """How a session's refresh tokens travel; one that comes the other way was stolen."""

    COOKIE = "cookie"
    BODY = "body"


class Session(Base):
    """A log-in; its refresh tokens are derived from `seed`, a key, and their generation.

    Neither the table nor the key alone makes a token.
    """

    __tablename__ = "sessions"

    sid: Mapped[str] = mapped_column(Text, primary_key=True)
    user_id: Mapped[int] = mapped_column(
        BigInteger, ForeignKey("auth.users.id", ondelete="cascade")
    )
    seed: Mapped[bytes] = mapped_column(LargeBinary)
    key_id: Mapped[str] = mapped_column(Text)
    generation: Mapped[int] = mapped_column(Integer)
    rotated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    """When the previous token was used first."""
    delivery: Mapped[Delivery] = mapped_column(words(Delivery, "delivery"))
    scope: Mapped[str] = mapped_column(Text)
    ip: Mapped[str] = mapped_column(Text)
    user_agent: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    idle_expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    ended_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    end_reason: Mapped[str | None] = mapped_column(Text)

    __table_args__ = (
        Index("ix_sessions_live", "user_id", postgresql_where=text("ended_at is null")),
        Index(None, "user_id", "created_at"),
        Index(None, "expires_at"),
        Index("ix_sessions_ended_at", "ended_at", postgresql_where=text("ended_at is not null")),
    )

    @classmethod
    def begin(
        cls,
        user_id: int,
        *,
        key_id: str,
        delivery: Delivery,
        scope: str,
        at: datetime,
        lasts: timedelta,
    ) -> "Session":
        return cls(
            sid=uuid4().hex,
            user_id=user_id,
            seed=secrets.token_bytes(SEED_BYTES),
            key_id=key_id,
            generation=0,
            rotated_at=at,
            delivery=delivery,
            scope=scope,
            created_at=at,
            expires_at=at + lasts,
        )

    def use(self, caller: Caller, at: datetime, *, idle_ttl: timedelta) -> None:
        """Note who uses it, and put the end off; never beyond the absolute one."""
        self.ip, self.user_agent = caller.address, caller.user_agent
        self.last_used_at = at
        self.idle_expires_at = idle_end(at, idle_ttl, self.expires_at)

    def end(self, at: datetime, reason: str) -> bool:
        """End it; False if it had ended."""
        if self.ended_at is not None:
            return False
        self.ended_at, self.end_reason = at, reason
        return True


def idle_end(at: datetime, ttl: timedelta, last: datetime) -> datetime:
    """When a session ends that is used now and never again; the last end stays the last."""
    return min(at + ttl, last)


@dataclass(frozen=True, slots=True)
class Login:
    """A log-in whose password was right, before anything is saved."""

    checked: User
    """Its owner as they were when the password was checked."""
    session: Session
    rehashed: str | None
    """The hash of the password with today's parameters, if it had others."""
