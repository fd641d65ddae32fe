"""The three tables of the bus in every service's schema: outbox, its cursor, and inbox."""

from typing import Any, Protocol

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID
from sqlalchemy.sql.elements import TextClause
from sqlalchemy.types import UserDefinedType


class XID8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id, which never wraps around."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


def _now() -> Any:
    return func.now()


def outbox_table(metadata: MetaData) -> Table:
    """Facts in the order of their commits; append-only, a partition a day.

    The id is a sequence's default: identity on partitioned tables needs PostgreSQL 17. There is
    no unique key, because it would have to contain the day; `(txid, id)` is unique by nature.
    """
    schema = f"{metadata.schema}." if metadata.schema else ""
    return Table(
        "outbox",
        metadata,
        Column(
            "id",
            BigInteger,
            nullable=False,
            server_default=text(f"nextval('{schema}outbox_id_seq'::regclass)"),
        ),
        Column("fact_id", UUID(as_uuid=True), nullable=False),
        Column("txid", XID8, nullable=False, server_default=text("pg_current_xact_id()")),
        Column("subject", Text, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("payload", LargeBinary, nullable=False),
        Column("created_at", TIMESTAMP(timezone=True), nullable=False, server_default=_now()),
        Index("outbox_txid_id_idx", "txid", "id"),
        postgresql_partition_by="RANGE (created_at)",
    )


def outbox_cursor_table(metadata: MetaData) -> Table:
    """One row: the last fact that the stream has acknowledged, and where it is there."""
    return Table(
        "outbox_cursor",
        metadata,
        Column("only_row", Boolean, primary_key=True, server_default=text("true")),
        Column("txid", XID8, nullable=False, server_default=text("'0'::xid8")),
        Column("id", BigInteger, nullable=False, server_default=text("0")),
        Column("stream_sequence", BigInteger, nullable=False, server_default=text("0")),
        Column("fact_id", UUID(as_uuid=True), nullable=True),
        Column("moved_at", TIMESTAMP(timezone=True), nullable=False, server_default=_now()),
        CheckConstraint("only_row", name="only_row"),
    )


def inbox_table(metadata: MetaData) -> Table:
    """Which consumer has handled which fact; the row is written with the effect."""
    return Table(
        "inbox",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("fact_id", UUID(as_uuid=True), primary_key=True),
        Column("handled_at", TIMESTAMP(timezone=True), nullable=False, server_default=_now()),
        Index("inbox_handled_at_idx", "handled_at", postgresql_using="brin"),
    )


def declare_bus_tables(metadata: MetaData) -> None:
    """Put the bus's tables into a service's metadata, so that drift checks know them."""
    outbox_table(metadata)
    outbox_cursor_table(metadata)
    inbox_table(metadata)


class Executes(Protocol):
    """Alembic's `op` or a SQLAlchemy connection."""

    def execute(self, statement: TextClause, /) -> Any: ...


# Written out, not derived from the tables above: a migration must never change after it landed.
_CREATE = """
create sequence {schema}.outbox_id_seq;
create table {schema}.outbox (
    id bigint not null default nextval('{schema}.outbox_id_seq'),
    fact_id uuid not null,
    txid xid8 not null default pg_current_xact_id(),
    subject text not null,
    headers jsonb not null,
    payload bytea not null,
    created_at timestamptz not null default now()
) partition by range (created_at);
alter sequence {schema}.outbox_id_seq owned by {schema}.outbox.id;
create index outbox_txid_id_idx on {schema}.outbox (txid, id);
create table {schema}.outbox_default partition of {schema}.outbox default;
create table {schema}.outbox_cursor (
    only_row boolean not null default true,
    txid xid8 not null default '0'::xid8,
    id bigint not null default 0,
    stream_sequence bigint not null default 0,
    fact_id uuid,
    moved_at timestamptz not null default now(),
    constraint pk_outbox_cursor primary key (only_row),
    constraint ck_outbox_cursor_only_row check (only_row)
);
insert into {schema}.outbox_cursor default values;
create table {schema}.inbox (
    consumer text not null,
    fact_id uuid not null,
    handled_at timestamptz not null default now(),
    constraint pk_inbox primary key (consumer, fact_id)
);
create index inbox_handled_at_idx on {schema}.inbox using brin (handled_at);
"""


def create_bus_tables(connection: Executes, schema: str) -> None:
    """Create the bus's tables; for migration 0001 of every service that has a schema.

    The days' partitions are the relay's work; until it has run, the default partition serves.
    """
    for statement in _CREATE.format(schema=schema).strip().split(";\n"):
        connection.execute(text(statement.rstrip(";")))
