"""Signing keys and their states."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import DateTime, Index, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from stitch_auth.db import Base, words


class KeyState(StrEnum):
    """`next` is published and will sign, `active` signs, `retiring` still verifies."""

    NEXT = "next"
    ACTIVE = "active"
    RETIRING = "retiring"
    RETIRED = "retired"


PUBLISHED = (KeyState.NEXT, KeyState.ACTIVE, KeyState.RETIRING)


class SigningKey(Base):
    """An RSA key; the private half is sealed and bound to its `kid`."""

    __tablename__ = "signing_keys"

    kid: Mapped[str] = mapped_column(Text, primary_key=True)
    state: Mapped[KeyState] = mapped_column(words(KeyState, "state"))
    public_jwk: Mapped[dict[str, str]] = mapped_column(JSONB)
    sealed_private_key: Mapped[bytes] = mapped_column(LargeBinary)
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    state_since: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (
        Index(
            "uq_signing_keys_one_next",
            "state",
            unique=True,
            postgresql_where=text("state = 'next'"),
        ),
        Index(
            "uq_signing_keys_one_active",
            "state",
            unique=True,
            postgresql_where=text("state = 'active'"),
        ),
    )

    def move_to(self, state: KeyState, at: datetime) -> None:
        self.state, self.state_since = state, at

    def revoke(self, at: datetime) -> None:
        """Never trust it again, however valid its signatures are."""
        self.move_to(KeyState.RETIRED, at)
        self.revoked_at = at

    @property
    def context(self) -> str:
        """What its private half is sealed for."""
        return f"signing-key:{self.kid}"
