"""Users, and the changes that one row may make."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    ColumnElement,
    Computed,
    DateTime,
    Identity,
    Index,
    Integer,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from stitch_auth.accounts.rules import email_key, username_key
from stitch_auth.db import Base, words
from stitch_common.security.principals import Role
from stitch_common.versioning import Versioned

SEARCH = """
to_tsvector('simple'::regconfig,
    translate(lower(username || ' ' || email || ' ' || full_name), '@._-+', '     '))
"""
EXISTS = text("deleted_at is null")
UNCONFIRMED = "email_verified_at is null and is_active and not is_invited and deleted_at is null"
"""Registered, but by nobody whom we have heard of since; it has never been used."""
SHOWN_AS = {"email_key": "email", "email_verified_at": "is_verified"}
"""What clients know of a column with another name."""


def login_key(login: str) -> tuple[str, str]:
    """Which column tells whom this username or e-mail address means, and what is in it there.

    No username has an @.
    """
    if "@" in login:
        return "email_key", email_key(login)
    return "username_key", username_key(login)


class User(Versioned, Base):
    """Somebody with an account; the keys decide which spellings are the same."""

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    email: Mapped[str] = mapped_column(Text)
    email_key: Mapped[str] = mapped_column(Text)
    username: Mapped[str] = mapped_column(Text)
    username_key: Mapped[str] = mapped_column(Text)
    full_name: Mapped[str] = mapped_column(Text)
    role: Mapped[Role] = mapped_column(words(Role, "role"))
    is_active: Mapped[bool] = mapped_column(Boolean, default=True)
    is_invited: Mapped[bool] = mapped_column(Boolean, server_default=text("false"), default=False)
    """Made by an admin, so it stays until an admin removes it."""
    preferences: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    password_hash: Mapped[str] = mapped_column(Text)
    failed_logins: Mapped[int] = mapped_column(Integer, server_default=text("0"), default=0)
    """Since the password was last right or set anew; too many, and only a reset helps."""
    email_verified_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    last_login_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    created_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    deleted_at: Mapped[datetime | None] = mapped_column(DateTime(timezone=True))
    search: Mapped[str] = mapped_column(TSVECTOR, Computed(SEARCH, persisted=True), deferred=True)

    __table_args__ = (
        Index("uq_users_email_key", "email_key", unique=True, postgresql_where=EXISTS),
        Index("uq_users_username_key", "username_key", unique=True, postgresql_where=EXISTS),
        Index(
            "ix_users_active_admins",
            "id",
            postgresql_where=text("role = 'admin' and is_active and deleted_at is null"),
        ),
        Index(None, "role", "id"),
        Index(None, "is_active", "id"),
        Index("ix_users_unconfirmed", "created_at", postgresql_where=text(UNCONFIRMED)),
        Index("ix_users_search", "search", postgresql_using="gin"),
    )

    @classmethod
    def create(
        cls,
        *,
        email: str,
        username: str,
        full_name: str,
        role: Role,
        password_hash: str,
        at: datetime,
        is_invited: bool = False,
    ) -> "User":
        return cls(
            email=email,
            email_key=email_key(email),
            username=username,
            username_key=username_key(username),
            full_name=full_name,
            role=role,
            password_hash=password_hash,
            created_at=at,
            updated_at=at,
            is_invited=is_invited,
        )

    @classmethod
    def exists(cls) -> ColumnElement[bool]:
        """Not removed."""
        return cls.deleted_at.is_(None)

    @classmethod
    def has_email(cls, email: str) -> ColumnElement[bool]:
        """Has this address, in whatever spelling."""
        return cls.exists() & (cls.email_key == email_key(email))

    @classmethod
    def has_username(cls, username: str) -> ColumnElement[bool]:
        """Has this username, in whatever spelling."""
        return cls.exists() & (cls.username_key == username_key(username))

    def owns(self, email: str) -> bool:
        """Whether this is the account's address, in whatever spelling."""
        return self.email_key == email_key(email)

    @property
    def is_verified(self) -> bool:
        return self.email_verified_at is not None

    @property
    def is_usable(self) -> bool:
        return self.is_active and self.deleted_at is None

    @property
    def is_active_admin(self) -> bool:
        return self.role is Role.ADMIN and self.is_usable

    def change(self, at: datetime, **values: Any) -> list[str]:
        """Set these fields; names those that differ from before, and counts a version for them."""
        changed = [name for name, value in values.items() if getattr(self, name) != value]
        for name in changed:
            setattr(self, name, values[name])
        if changed:
            self.updated_at = at
            self.touch(changed)
        return changed

    def touch(self, changed: Iterable[str]) -> None:
        super().touch(SHOWN_AS.get(name, name) for name in changed)

    def remove(self, at: datetime) -> None:
        """Close the account; what others refer to stays."""
        self.change(at, deleted_at=at)

    def set_password(self, password_hash: str, at: datetime) -> None:
        self.password_hash, self.updated_at = password_hash, at
        self.failed_logins = 0
        self.touch(["password"])

    def replace_email(self, email: str, at: datetime) -> None:
        """Another address, confirmed by its owner."""
        self.change(at, email=email, email_key=email_key(email), email_verified_at=at)

    def verify(self, at: datetime) -> bool:
        """Note that the address is its owner's; False if that was known."""
        if self.is_verified:
            return False
        self.change(at, email_verified_at=at)
        return True
