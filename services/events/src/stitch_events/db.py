"""The service's schema, what its rows have in common, and how its lists are read."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asyncpg import Connection, Record
from sqlalchemy import TIMESTAMP, FromClause, MetaData
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from stitch_common.bus.tables import declare_bus_tables
from stitch_common.database import NAMING, Database, fetch_planned
from stitch_common.http.lists import Cursors, Page
from stitch_common.versioning import Versioned

SCHEMA = "events"
WORD = re.compile(r"[^\W_]+")
MOMENT = """
replace(to_char({} at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), '.000000Z', 'Z')
"""


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
class Listed:
    """A page as JSON, the cursor of the next one, and the total if it was asked for."""

    json: str
    next_cursor: str | None
    total: int | None
    is_known: bool
    """False where there is not even what this would be a list of."""


@dataclass(slots=True)
class Conditions:
    """A WHERE clause and its arguments, numbered as they come."""

    arguments: list[Any] = field(default_factory=list)
    terms: list[str] = field(default_factory=list)
    has_words: bool = False

    def search(self, words: str) -> None:
        """Add that all words are found by their beginnings; nothing is found without any."""
        self.has_words = True
        self.add("it.search @@ to_tsquery('simple', {})", _prefix_query(words) or "")

    def add(self, term: str, *values: Any) -> None:
        """Add a term with `{}` for each value."""
        self.terms.append(term.format(*(self.argument(value) for value in values)))

    def argument(self, value: Any) -> str:
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def __str__(self) -> str:
        return " and ".join(self.terms) or "true"


@dataclass(frozen=True, slots=True)
class Order:
    """A total order of a list: by a column, and by id where that is equal."""

    scope: str
    """Names the list and its order; a cursor of another one is refused."""
    column: str
    type: str
    descending: bool


@dataclass(frozen=True, slots=True)
class Source:
    """The rows, called `it`, that a list shows: the JSON of each, and what is joined for that."""

    table: str
    item: str
    beside: str = ""


class Lists:
    """Reads a list in one statement on the driver's own connection; PostgreSQL writes the JSON."""

    def __init__(self, database: Database, cursors: Cursors) -> None:
        self._database = database
        self._cursors = cursors

    async def page(
        self, source: Source, order: Order, page: Page, *, found: Conditions, of: str = "true"
    ) -> Listed:
        """What is found, in order; `of` is the condition that there is something to list."""
        after = self._cursors.decode(order.scope, page.cursor) if page.cursor else None
        statement = _page(source, order, page, found=found, after=after, of=of)
        async with self._database.connection() as connection:
            fetched = await _fetch(connection, statement, found)
        whole, rows = fetched[0], [row for row in fetched if row["id"] is not None]
        items = ",".join(row["item"] for row in rows[: page.limit])
        cursor = self._next_cursor(order, rows, page.limit)
        return Listed(f"[{items}]", cursor, whole["total"], whole["is_known"])

    def _next_cursor(self, order: Order, rows: Sequence[Record], limit: int) -> str | None:
        """One row more than the limit was asked for: it tells whether there is another page."""
        if len(rows) <= limit:
            return None
        last = rows[limit - 1]
        return self._cursors.encode(order.scope, [last["key"], last["id"]])


async def _fetch(
    connection: "Connection[Any]", statement: str, found: Conditions
) -> Sequence[Record]:
    if found.has_words:
        return await fetch_planned(connection, statement, *found.arguments)
    return list(await connection.fetch(statement, *found.arguments))


def _page(
    source: Source,
    order: Order,
    page: Page,
    *,
    found: Conditions,
    after: Sequence[Any] | None,
    of: str,
) -> str:
    """Each row with what is known of the whole list, which alone makes a row of an empty one."""
    total = "null::bigint"
    if page.count:
        total = f"(select count(*) from {source.table} it where {found})"  # noqa: S608 - see below
    direction, beyond = ("desc", "<") if order.descending else ("asc", ">")
    if after is not None:
        here, there = f"(it.{order.column}, it.id)", f"({{}}::text::{order.type}, {{}})"
        found.add(f"{here} {beyond} {there}", str(after[0]), after[1])
    limit = found.argument(page.limit + 1)
    skip = found.argument(0 if after else page.skip)
    return f"""
    with page as (
        select it.id, it.{order.column} as key from {source.table} it where {found}
        order by key {direction}, it.id {direction} limit {limit} offset {skip}
    )
    select whole.*, {source.item}::text as item, page.key::text, page.id
    from (select {of} as is_known, {total} as total) whole
    left join page on true left join {source.table} it using (id) {source.beside}
    order by page.key {direction}, page.id {direction}
    """  # noqa: S608 - our own names; what comes from outside is an argument


def json_of(row: str, table: FromClause, fields: Iterable[str], **derived: str) -> str:
    """SQL of a JSON object as the views write it; `derived` says what is no column."""

    def value(name: str) -> str:
        if name in derived:
            return derived[name]
        is_moment = isinstance(table.c[name].type, TIMESTAMP)
        return MOMENT.format(f"{row}.{name}") if is_moment else f"{row}.{name}"

    return f"json_build_object({', '.join(f'{name!r}, {value(name)}' for name in fields)})"


def _prefix_query(search: str) -> str | None:
    """A tsquery that finds all words by their beginnings; None if there is no word in it."""
    words = WORD.findall(search)
    return " & ".join(f"'{word}':*" for word in words) if words else None
