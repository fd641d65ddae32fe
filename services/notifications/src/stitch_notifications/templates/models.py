"""Templates that admins write, and the standard ones, of which the database knows the names."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import BigInteger, Boolean, Identity, Index, Text
from sqlalchemy import text as sql
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from stitch_common.versioning import Versioned
from stitch_notifications.db import Base


class Kind(StrEnum):
    """What a mail is about."""

    INVITATION = "invitation"
    REMINDER = "reminder"
    CONFIRMATION = "confirmation"
    UPDATE = "update"
    CANCELLATION = "cancellation"
    WAITLIST = "waitlist"
    GUEST_LINK = "guest-link"
    VERIFICATION = "verification"
    REGISTRATION_REPEATED = "registration-repeated"
    RESET = "reset"
    EMAIL_CHANGED = "email-changed"
    SECURITY_NOTICE = "security-notice"


class Template(Versioned, Base):
    """A standard template has no texts here; they come with the code."""

    __tablename__ = "templates"

    id: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    name: Mapped[str] = mapped_column(Text)
    subject: Mapped[str] = mapped_column(Text)
    text: Mapped[str] = mapped_column(Text)
    mjml: Mapped[str | None] = mapped_column(Text)
    is_builtin: Mapped[bool] = mapped_column(Boolean, server_default=sql("false"), default=False)
    is_default: Mapped[bool] = mapped_column(Boolean, server_default=sql("false"), default=False)
    """Whether mails of this kind use it when nobody chooses a template."""
    created_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    updated_at: Mapped[datetime] = mapped_column(TIMESTAMP(timezone=True))
    deleted_at: Mapped[datetime | None] = mapped_column(TIMESTAMP(timezone=True))
    """Mails that are already queued still use a deleted template."""

    __table_args__ = (
        Index(
            "uq_templates_name",
            "name",
            unique=True,
            postgresql_where=sql("deleted_at is null"),
        ),
        Index(
            "uq_templates_default",
            "kind",
            unique=True,
            postgresql_where=sql("is_default and deleted_at is null"),
        ),
        Index("ix_templates_kind_id", "kind", "id"),
    )
