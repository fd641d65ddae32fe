"""Every SQL statement of the relay, on a connection of its own."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg

from stitch_common.bus.envelope import Envelope

KEEP_OUTBOX = timedelta(days=7)
KEEP_INBOX = timedelta(days=35)
"""Longer than the stream keeps facts: a replay must find the marks of all it brings."""

DAYS_AHEAD = 3

MOST_ROWS = 1000
MOST_BYTES = 4 * 1024 * 1024
"""What is read at once: the most facts of an atomic batch, and no more than fit in memory."""

_PASSED = "(fact.txid, fact.id) <= (cursor.txid, cursor.id) and created_at <= moved_at"
_AHEAD = "fact.txid >= pg_snapshot_xmax(pg_current_snapshot())"
_RESTORED = f"""
select exists (select from outbox_cursor as fact where {_AHEAD})
    or exists (select from outbox as fact where {_AHEAD})
    or exists (select from outbox as fact, outbox_cursor as cursor
               where (fact.txid, fact.id) <= (cursor.txid, cursor.id) and created_at > moved_at)
"""  # noqa: S608 - all of it stands here
_RESTAMP = f"""
update outbox as fact set txid = (case when {_PASSED} then '0' else '1' end)::xid8
from outbox_cursor as cursor where ({_PASSED}) or {_AHEAD}
"""  # noqa: S608 - all of it stands here
RESTAMP_SECONDS = 900


@dataclass(frozen=True, slots=True)
class Cursor:
    """The last fact that the stream has acknowledged, and its sequence there."""

    txid: int = 0
    id: int = 0
    stream_sequence: int = 0
    fact_id: UUID | None = None


class Row(NamedTuple):
    """A fact in the outbox, and how many bytes it is at most."""

    txid: int
    id: int
    envelope: Envelope
    size: int


@dataclass(frozen=True, slots=True)
class Waiting:
    """The next facts in the order of their commits, and whether more are held back.

    Held back are facts that an older transaction, still open, may yet precede.
    """

    rows: list[Row] = field(default_factory=list)
    are_held_back: bool = False

    @property
    def is_full(self) -> bool:
        """Whether there may be more that could be published at once."""
        return len(self.rows) == MOST_ROWS or sum(row.size for row in self.rows) >= MOST_BYTES


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many facts wait, and how old, in seconds, the oldest and the oldest transaction are."""

    facts: int
    oldest: float
    transaction: float


class OutboxRows:
    """The outbox of one schema, as its active relay sees it."""

    def __init__(self, connection: "asyncpg.Connection[Any]") -> None:
        self._connection = connection

    @classmethod
    @asynccontextmanager
    async def open(cls, url: str, schema: str) -> AsyncGenerator["OutboxRows"]:
        connection = await asyncpg.connect(
            url,
            timeout=5,
            command_timeout=15,
            server_settings={
                "application_name": f"stitch-{schema}-relay",
                "search_path": schema,
                "timezone": "UTC",
                "lock_timeout": "1s",
                # A lost cursor costs a repetition, which the stream recognises by its id.
                "synchronous_commit": "off",
            },
        )
        try:
            yield cls(connection)
            await connection.close(timeout=2)
        finally:
            connection.terminate()  # what failed is not asked to say goodbye

    async def try_to_lead(self) -> bool:
        """Become the schema's only relay until this connection ends, if there is none."""
        return bool(
            await self._connection.fetchval(
                "select pg_try_advisory_lock(hashtextextended('relay of ' || current_schema, 0))"
            )
        )

    async def cursor(self) -> Cursor:
        row = await self._connection.fetchrow(
            "select txid, id, stream_sequence, fact_id from outbox_cursor"
        )
        return Cursor(**dict(row)) if row else Cursor()

    async def mend_order(self) -> bool:
        """Put what another cluster has counted before all that this one counts, if need be.

        Transaction 0 holds what the cursor had passed, 1 what had waited. PostgreSQL gives neither
        number to anybody.
        """
        if not await self._connection.fetchval(_RESTORED, timeout=RESTAMP_SECONDS):
            return False
        async with self._connection.transaction():
            await self._connection.execute(_RESTAMP, timeout=RESTAMP_SECONDS)
            await self._connection.execute(
                "update outbox_cursor set txid = '0', id = $1, moved_at = now()", 2**63 - 1
            )
        return True

    async def move(self, to: Cursor) -> None:
        await self._connection.execute(
            "update outbox_cursor set txid = $1, id = $2, stream_sequence = $3, fact_id = $4, "
            "moved_at = now()",
            *(to.txid, to.id, to.stream_sequence, to.fact_id),
        )

    async def waiting(self, after: Cursor) -> Waiting:
        found = await self._waiting(after)
        if found.are_held_back and not found.rows:
            # Transactions are counted for the whole server: a long one of somebody else, who can't
            # write here, must not hold back that a session is revoked.
            return await self._waiting(after, all_below=await self._own_horizon())
        return found

    async def _waiting(self, after: Cursor, *, all_below: int = 0) -> Waiting:
        rows = await self._connection.fetch(
            """
            select txid, id, fact_id, subject, headers, payload,
                   txid < greatest(pg_snapshot_xmin(pg_current_snapshot()), $4::xid8) as is_settled
            from (
                select *, sum(octet_length(payload)) over (order by txid, id) as bytes
                from (
                    select * from outbox where (txid, id) > ($1::xid8, $2::bigint)
                    order by txid, id limit $3
                ) as next
            ) as counted
            where bytes - octet_length(payload) < $5 order by txid, id
            """,
            *(after.txid, after.id, MOST_ROWS, all_below, MOST_BYTES),
        )
        settled = [_read(row) for row in rows if row["is_settled"]]
        return Waiting(settled, are_held_back=len(settled) < len(rows))

    async def _own_horizon(self) -> int:
        """All transactions below this that could have written to this outbox have ended.

        Only those are passed over that are known to be of another database or of a role without
        the right; one that nobody claims, such as a prepared one, counts as ours.
        """
        horizon: int = await self._connection.fetchval(
            """
            with strangers as materialized (
                select transactionid from pg_locks join pg_stat_activity as who using (pid)
                where locktype = 'transactionid' and mode = 'ExclusiveLock' and granted
                  and (who.datname <> current_database()
                       or not has_table_privilege(who.usesysid, 'outbox', 'insert'))
            )
            select coalesce(min(txid), pg_snapshot_xmax(pg_current_snapshot()))
            from pg_snapshot_xip(pg_current_snapshot()) as txid
            where txid::xid not in (select transactionid from strangers)
            """
        )
        return horizon

    async def find(self, fact_id: UUID) -> tuple[int, int] | None:
        """Where a fact stands; there is no index, for this is needed after a disaster only."""
        row = await self._connection.fetchrow(
            "select txid, id from outbox where fact_id = $1", fact_id
        )
        return (row["txid"], row["id"]) if row else None

    async def backlog(self, after: Cursor) -> Backlog:
        row = await self._connection.fetchrow(
            """
            select count(*) as facts,
                   coalesce(extract(epoch from now() - min(created_at)), 0)::float as oldest,
                   (select coalesce(extract(epoch from now() - min(xact_start)), 0)::float
                    from pg_stat_activity where datname = current_database()) as transaction
            from outbox where (txid, id) > ($1::xid8, $2::bigint)
            """,
            *(after.txid, after.id),
        )
        return Backlog(**dict(row))

    async def maintain(self, after: Cursor) -> None:
        """Make the days' partitions, drop those that are old and published, and tidy the inbox."""
        today: date = await self._connection.fetchval("select (now() at time zone 'utc')::date")
        existing = await self._days()
        # Never today's: a writer that has just chosen the default partition would be refused.
        for day in (today + timedelta(days=ahead + 1) for ahead in range(DAYS_AHEAD)):
            if day not in existing:
                await self._add(day)
        for day in existing:
            if day < today - KEEP_OUTBOX and not await self._has_waiting(day, after):
                await self._connection.execute(f"drop table outbox_{day:%Y%m%d}")
        await self._connection.execute(
            "delete from outbox_default "
            "where created_at < now() - $1::interval and (txid, id) <= ($2::xid8, $3::bigint)",
            *(KEEP_OUTBOX, after.txid, after.id),
        )
        await self._connection.execute(
            "delete from inbox where handled_at < now() - $1::interval", KEEP_INBOX
        )

    async def _days(self) -> set[date]:
        rows = await self._connection.fetch(
            "select right(relname, 8) as day from pg_inherits join pg_class on oid = inhrelid "
            "where inhparent = 'outbox'::regclass and relname <> 'outbox_default'"
        )
        return {date.fromisoformat(row["day"]) for row in rows}

    async def _add(self, day: date) -> None:
        name = f"outbox_{day:%Y%m%d}"
        async with self._connection.transaction():
            # Attaching lets writers go on, where PARTITION OF would make them wait.
            await self._connection.execute(f"create table {name} (like outbox including all)")
            await self._connection.execute(
                f"alter table outbox attach partition {name} "
                f"for values from ('{day} 00:00+00') to ('{day + timedelta(days=1)} 00:00+00')"
            )

    async def _has_waiting(self, day: date, after: Cursor) -> bool:
        return bool(
            await self._connection.fetchval(
                "select exists (select from outbox where created_at < $1::date + 1 "
                "and (txid, id) > ($2::xid8, $3::bigint))",
                *(day, after.txid, after.id),
            )
        )


def _read(row: asyncpg.Record) -> Row:
    headers, payload = row["headers"], row["payload"]
    envelope = Envelope(row["fact_id"], row["subject"], json.loads(headers), payload)
    return Row(row["txid"], row["id"], envelope, len(headers) + len(payload))
