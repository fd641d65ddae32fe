"""API keys: what is stored of them opens nothing."""

import hmac
import secrets
from datetime import datetime
from hashlib import sha256

from sqlalchemy import BigInteger, DateTime, ForeignKey, Identity, Index, LargeBinary, Text
from sqlalchemy.orm import Mapped, mapped_column

from stitch_auth.accounts.models import User
from stitch_auth.db import Base, words
from stitch_common.security.principals import OF_KEYS, Role


class APIKey(Base):
    """Acts for its owner, with at most the role that both have."""

    __tablename__ = "api_keys"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    client_id: Mapped[str] = mapped_column(Text, unique=True)
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary)
    """SHA-256: the secret is 256 random bits, so nothing slower protects it better."""
    name: Mapped[str] = mapped_column(Text)
    owner_id: Mapped[int] = mapped_column(ForeignKey("auth.users.id", ondelete="cascade"))
    role: Mapped[Role] = mapped_column(words(Role, "role"))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    expires_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    last_used_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    revoked_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))

    __table_args__ = (Index(None, "owner_id"),)

    @classmethod
    def create(
        cls, name: str, owner_id: int, *, role: Role, at: datetime, until: datetime
    ) -> tuple["APIKey", str]:
        """A key, and the secret that nobody can read again."""
        secret = secrets.token_urlsafe(32)
        key = cls(
            client_id=f"key_{secrets.token_hex(8)}",
            secret_hash=_hash(secret),
            name=name,
            owner_id=owner_id,
            role=role,
            created_at=at,
            expires_at=until,
        )
        return key, secret

    @property
    def sid(self) -> str:
        """What its tokens have instead of a session, so that they can be revoked like one."""
        return OF_KEYS + self.client_id

    def opens_with(self, secret: str, at: datetime) -> bool:
        is_right = hmac.compare_digest(_hash(secret), self.secret_hash)
        return is_right and self.revoked_at is None and at < self.expires_at

    def role_for(self, owner: User) -> Role:
        """Never more than its owner may."""
        return self.role if owner.role.covers(self.role) else owner.role


def _hash(secret: str) -> bytes:
    return sha256(secret.encode()).digest()
