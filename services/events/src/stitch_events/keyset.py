"""Pages of a list by keyset: no gaps, no duplicates, the same cost at any depth."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, bindparam, tuple_
from sqlalchemy.orm import InstrumentedAttribute

from stitch_common.http.lists import Cursors, Page

T = TypeVar("T")


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
