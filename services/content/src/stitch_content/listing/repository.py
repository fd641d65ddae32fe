"""One statement a list, on the driver's own connection; PostgreSQL writes the JSON."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from asyncpg import Record

from stitch_common.database import Database, fetch_planned
from stitch_content.listing.rules import Order

MATCHES = 1000
"""Of a search, the newest matches are ranked: ranking all of a common word takes seconds."""

# Control characters mark the words, because sanitised text has none; then the text is escaped.
HEADLINE = """
replace(replace(replace(replace(replace(replace(
    ts_headline('english', left(c.body_text, 50000), websearch_to_tsquery('english', $1),
        E'StartSel="\\x02", StopSel="\\x03", MaxFragments=2, MaxWords=24, MinWords=8'),
    '&', '&amp;'), '<', '&lt;'), '>', '&gt;'), '"', '&quot;'), E'\\x02', '<mark>'),
    E'\\x03', '</mark>')
"""
MOMENTS = frozenset(
    {"created_at", "updated_at", "published_at", "publish_at", "unpublish_at", "deleted_at"}
)
COLUMNS = {
    "has_unpublished_changes": "coalesce(c.live_version <> c.saved_version, false)",
    "headline": HEADLINE,
    **{
        name: f"to_char(c.{name} at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
        for name in MOMENTS
    },
}
KEYS = {
    "relevance": ("ts_rank(m.search, websearch_to_tsquery('english', $1))", "float4"),
    "created_at": ("c.created_at", "timestamptz"),
    "updated_at": ("c.updated_at", "timestamptz"),
    "deleted_at": ("c.deleted_at", "timestamptz"),
    "title": ("c.title", "text"),
    # What was never published is older than everything that was.
    "published_at": ("coalesce(c.published_at, '-infinity'::timestamptz)", "timestamptz"),
}


@dataclass(frozen=True, slots=True)
class Filter:
    """Which items a list holds; None lets everything pass."""

    content_type: str | None = None
    status: str | None = None
    author_id: int | None = None
    tag: str | None = None
    search: str | None = None
    created_from: datetime | None = None
    created_before: datetime | None = None
    trashed: bool = False


@dataclass(frozen=True, slots=True)
class Window:
    """Which part of a list is wanted: `after` is the position of the last row shown."""

    limit: int
    skip: int = 0
    after: Sequence[Any] | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """Rows as JSON, and the position of the last one if there are more."""

    items: list[str]
    position: list[Any] | None


@dataclass(slots=True)
class Conditions:
    """A WHERE clause and its arguments, numbered as they come."""

    arguments: list[Any] = field(default_factory=list)
    terms: list[str] = field(default_factory=list)

    def add(self, term: str, *values: Any) -> None:
        """Add a term with `{}` for each value."""
        self.terms.append(term.format(*(self.argument(value) for value in values)))

    def argument(self, value: Any) -> str:
        self.arguments.append(value)
        return f"${len(self.arguments)}"

    def __str__(self) -> str:
        return " and ".join(self.terms) or "true"


def conditions_of(wanted: Filter) -> Conditions:
    found = Conditions()
    if wanted.search is not None:
        found.add("c.search @@ websearch_to_tsquery('english', {})", wanted.search)
    found.add("c.deleted_at is not null" if wanted.trashed else "c.deleted_at is null")
    for term, value in (
        ("c.content_type = {}", wanted.content_type),
        ("c.status = {}", wanted.status),
        ("c.author_id = {}", wanted.author_id),
        ("c.tags @> jsonb_build_array({}::text)", wanted.tag),
        ("c.created_at >= {}", wanted.created_from),
        ("c.created_at < {}", wanted.created_before),
    ):
        if value is not None:
            found.add(term, value)
    return found


def page_of(wanted: Filter, order: Order, window: Window) -> tuple[str, list[Any]]:
    """CTEs that end with `page`: the ids and keys of the wanted rows, and one more."""
    found = conditions_of(wanted)
    key, key_type = KEYS[order.key]
    direction, beyond = ("desc", "<") if order.descending else ("asc", ">")
    if wanted.search is None:
        begin, rows, newest = "with", "content.content c", "null::bigint"
    else:
        begin, rows, newest = (
            matches_of(found, window),
            "matches m",
            "(select max(id) from matches)",
        )
        if not order.is_relevance:
            rows += " join content.content c using (id)"
        found = Conditions(found.arguments)
    row = "m.id" if wanted.search is not None else "c.id"
    if window.after is not None:
        last, last_id, _ = window.after
        found.add(f"({key}, {row}) {beyond} ({{}}::text::{key_type}, {{}}::bigint)", last, last_id)
    limit, skip = found.argument(window.limit + 1), found.argument(window.skip)
    page = f"""
    {begin} page as (
        select {row} as id, {key} as key, {newest} as newest from {rows} where {found}
        order by key {direction}, id {direction} limit {limit} offset {skip}
    )
    """  # noqa: S608 - our own names; what comes from outside is an argument
    return page, found.arguments


def matches_of(found: Conditions, window: Window) -> str:
    """The newest matches, the same ones on every page although items are added meanwhile."""
    if window.after is not None:
        found.add("c.id <= {}::bigint", window.after[2])
    return f"""
    with matches as materialized (
        select c.id, c.search from content.content c where {found}
        order by c.id desc limit {MATCHES}
    ),
    """  # noqa: S608 - as above


class ListingRepository:
    """Reads lists of content."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(
        self, wanted: Filter, order: Order, window: Window, fields: Sequence[str]
    ) -> Listed:
        """A page of the list, with these fields of each item."""
        page, arguments = page_of(wanted, order, window)
        pairs = ", ".join(f"'{name}', {COLUMNS.get(name, f'c.{name}')}" for name in fields)
        direction = "desc" if order.descending else "asc"
        rows = await self._fetch(
            f"""
            {page}
            select json_build_object({pairs})::text as item, page.key::text, c.id, page.newest
            from page join content.content c using (id)
            order by page.key {direction}, c.id {direction}
            """,  # noqa: S608 - as above
            arguments,
        )
        return listed(rows, window.limit)

    async def count(self, wanted: Filter) -> int:
        """How many items the list holds; of a search, at most as many as are ranked."""
        found = conditions_of(wanted)
        limit = f"limit {MATCHES}" if wanted.search is not None else ""
        rows = await self._fetch(
            f"select count(*) from (select from content.content c where {found} {limit}) found",  # noqa: S608 - as above
            found.arguments,
        )
        return int(rows[0][0])

    async def _fetch(self, statement: str, arguments: Sequence[Any]) -> Sequence[Record]:
        async with self._database.connection() as connection:
            return await fetch_planned(connection, statement, *arguments)


def listed(rows: Sequence[Record], limit: int) -> Listed:
    """One row more than the limit was asked for: it tells whether there is another page."""
    items = [row["item"] for row in rows[:limit]]
    if len(rows) <= limit:
        return Listed(items, None)
    last = rows[limit - 1]
    return Listed(items, [last["key"], last["id"], last["newest"]])
