"""The service's schema, and what its rows have in common."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import TIMESTAMP, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from stitch_common.bus.tables import declare_bus_tables
from stitch_common.database import NAMING
from stitch_common.versioning import Versioned

SCHEMA = "events"


class Base(DeclarativeBase):
    """The tables of the events service."""

    metadata = MetaData(schema=SCHEMA, naming_convention=NAMING)
    type_annotation_map = {datetime: TIMESTAMP(timezone=True)}  # noqa: RUF012 - SQLAlchemy's way


declare_bus_tables(Base.metadata)


class Changing(Versioned):
    """A row that people change: it has a version, and says when it changed last."""

    created_at: Mapped[datetime] = mapped_column()
    updated_at: Mapped[datetime] = mapped_column()
    deleted_at: Mapped[datetime | None] = mapped_column()

    def change(self, values: Mapping[str, Any], *, at: datetime) -> list[str]:
        """Set these fields; gives the names of those that differed, which alone count."""
        changed = sorted(name for name, value in values.items() if getattr(self, name) != value)
        for name in changed:
            setattr(self, name, values[name])
        if changed:
            self.updated_at = at
            self.touch(changed)
        return changed
