"""The service's schema, what its rows have in common, and how its lists are paged and searched."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import TIMESTAMP, MetaData, Select, bindparam, tuple_
from sqlalchemy.orm import DeclarativeBase, InstrumentedAttribute, Mapped, mapped_column

from stitch_common.bus.tables import declare_bus_tables
from stitch_common.database import NAMING
from stitch_common.http.lists import Cursors, Page
from stitch_common.versioning import Versioned

SCHEMA = "events"
WORD = re.compile(r"[^\W_]+")

T = TypeVar("T")


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


@dataclass(frozen=True, slots=True)
class Listed(Generic[T]):
    """One page, where the next one begins, and the size of the whole list if it was asked for."""

    items: list[T]
    next_cursor: str | None
    total: int | None


@dataclass(frozen=True, slots=True)
class Keyset:
    """A total order of a list: by a column, and by id where that is equal."""

    scope: str
    """Names the list and its order; a cursor of another one is refused."""
    column: InstrumentedAttribute[Any]
    id: InstrumentedAttribute[int]
    descending: bool

    def page(self, statement: Select[Any], page: Page, cursors: Cursors) -> Select[Any]:
        """One row more than is shown, which tells whether there is a next page."""
        key = (self.column, self.id)
        if page.cursor is not None:
            *_, value, last_id = cursors.decode(self.scope, page.cursor)
            after = tuple_(self._typed(value), bindparam(None, last_id, self.id.type))
            here = tuple_(*key)
            statement = statement.where(here < after if self.descending else here > after)
        order = [column.desc() if self.descending else column.asc() for column in key]
        return statement.order_by(*order).limit(page.limit + 1).offset(page.skip)

    def cut(self, rows: Sequence[T], page: Page, cursors: Cursors) -> tuple[list[T], str | None]:
        """The rows to show, and the cursor of the next page if there is one."""
        shown = list(rows[: page.limit])
        if len(rows) <= page.limit:
            return shown, None
        last = shown[-1]
        values = [getattr(last, self.column.key), getattr(last, self.id.key)]
        return shown, cursors.encode(self.scope, values)

    def _typed(self, value: Any) -> Any:
        if self.column.type.python_type is datetime:
            value = datetime.fromisoformat(value)
        return bindparam(None, value, self.column.type)


def prefix_query(search: str) -> str | None:
    """A tsquery that finds all words by their beginnings; None if there is no word in it."""
    words = WORD.findall(search)
    return " & ".join(f"'{word}':*" for word in words) if words else None
