"""Settings and their history; values that hold secrets are sealed."""

import json
from datetime import datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ForeignKey,
    Identity,
    Integer,
    LargeBinary,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP
from sqlalchemy.orm import Mapped, mapped_column

from stitch_common.contracts.content import SettingChanged
from stitch_common.security.sealing import SealedBox
from stitch_common.versioning import Versioned
from stitch_content.db import Base
from stitch_content.site_settings.rules import holds_secret, is_same

Moment = TIMESTAMP(timezone=True)


class Kept:
    """A value as it lies in a row: open, or sealed for its key."""

    value: Mapped[Any] = mapped_column(JSONB(none_as_null=True), nullable=True)
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)

    def keep(self, key: str, value: Any, box: SealedBox) -> None:
        if holds_secret(key, value):
            self.value = None
            self.sealed = box.seal(json.dumps(value).encode(), context_of(key))
        else:
            self.value = value
            self.sealed = None

    def opened(self, key: str, box: SealedBox) -> Any:
        """The value itself; UnsealError if its key is not configured any more."""
        if self.sealed is None:
            return self.value
        return json.loads(box.open(self.sealed, context_of(key)))


def context_of(key: str) -> str:
    return f"setting:{key}"


class Setting(Kept, Versioned, Base):
    """The present value of a key; a removed one stays as a row, so that its versions go on."""

    __tablename__ = "settings"

    key: Mapped[str] = mapped_column(Text, primary_key=True)
    is_removed: Mapped[bool]
    created_at: Mapped[datetime | None] = mapped_column(Moment)
    updated_at: Mapped[datetime | None] = mapped_column(Moment)
    updated_by: Mapped[int | None] = mapped_column(BigInteger)

    def put(self, value: Any, box: SealedBox, *, by: int, at: datetime) -> "SettingChange | None":
        """Take this value; None if it is there already."""
        if not self.is_removed and is_same(self.opened(self.key, box), value):
            return None
        if self.is_removed:
            self.created_at = at
        self.is_removed = False
        self.keep(self.key, value, box)
        return self._changed(by, at)

    def remove(self, *, by: int, at: datetime) -> "SettingChange":
        self.is_removed = True
        self.value = None
        self.sealed = None
        return self._changed(by, at)

    def _changed(self, by: int, at: datetime) -> "SettingChange":
        self.touch(["value"])
        self.updated_at = at
        self.updated_by = by
        return SettingChange(
            key=self.key,
            version=self.version,
            is_removed=self.is_removed,
            value=self.value,
            sealed=self.sealed,
            changed_by=by,
            changed_at=at,
        )


class SettingChange(Kept, Base):
    """The audit of one change: who, when, and to which value."""

    __tablename__ = "setting_changes"
    __table_args__ = (UniqueConstraint("key", "version"),)

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(ForeignKey(Setting.key))
    version: Mapped[int] = mapped_column(Integer)
    is_removed: Mapped[bool]
    changed_by: Mapped[int] = mapped_column(BigInteger)
    changed_at: Mapped[datetime] = mapped_column(Moment)

    def fact(self) -> SettingChanged:
        return SettingChanged(
            key=self.key,
            version=self.version,
            removed=self.is_removed,
            changed_by=self.changed_by,
            at=self.changed_at,
        )
