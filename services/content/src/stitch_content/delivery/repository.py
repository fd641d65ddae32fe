"""Reads of what is live: one statement each on the driver's own connection, JSON passed through."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from stitch_common.database import Database, fetch_planned

COLUMNS = (
    "slug", "title", "content_type", "body", "excerpt", "meta_title", "meta_description",
    "meta_keywords", "tags", "locale", "published_at", "updated_at", "version",
)  # fmt: skip
MOMENT = "to_char(p.{} at time zone 'utc', 'YYYY-MM-DD\"T\"HH24:MI:SS.US\"Z\"')"
ITEM = ", ".join(
    f"'{name}', {MOMENT.format(name) if name.endswith('_at') else f'p.{name}'}" for name in COLUMNS
)

FIND = f"""
select p.slug, json_build_object({ITEM})::text as item
from content.slugs s join content.publications p using (content_id)
where s.slug = $1 and s.was_live
"""  # noqa: S608 - our own names

LIST = f"""
select json_build_object({ITEM})::text as item, p.published_at, p.content_id
from content.publications p
where ($1::text is null or p.content_type = $1)
  and ($2::text is null or p.tags @> jsonb_build_array($2::text))
  and ($3::timestamptz is null or (p.published_at, p.content_id) < ($3, $4::bigint))
order by p.published_at desc, p.content_id desc limit $5 offset $6
"""  # noqa: S608 - our own names

COUNT = """
select count(*) from content.publications p
where ($1::text is null or p.content_type = $1)
  and ($2::text is null or p.tags @> jsonb_build_array($2::text))
"""


@dataclass(frozen=True, slots=True)
class Live:
    """What is live under a slug; a `slug` other than the one asked for is its new one."""

    slug: str
    json: str


@dataclass(frozen=True, slots=True)
class LivePage:
    """A page of what is live, the latest first, and the position of its last row."""

    items: list[str]
    position: tuple[datetime, int] | None


class DeliveryRepository:
    """Published content."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, slug: str) -> Live | None:
        async with self._database.connection() as connection:
            row = await connection.fetchrow(FIND, slug)
        return Live(row["slug"], row["item"]) if row else None

    async def list(
        self,
        content_type: str | None,
        tag: str | None,
        *,
        after: Sequence[Any] | None,
        limit: int,
        skip: int,
    ) -> LivePage:
        last = (None, None) if after is None else (datetime.fromisoformat(after[0]), after[1])
        async with self._database.connection() as connection:
            rows = await fetch_planned(connection, LIST, content_type, tag, *last, limit + 1, skip)
        shown = rows[:limit]
        has_more = len(rows) > limit
        position = (shown[-1]["published_at"], shown[-1]["content_id"]) if has_more else None
        return LivePage([row["item"] for row in shown], position)

    async def count(self, content_type: str | None, tag: str | None) -> int:
        async with self._database.connection() as connection:
            return int(await connection.fetchval(COUNT, content_type, tag))
