"""The three tables of the bus in every service's schema: outbox, its cursor, and inbox."""

from typing import Any, Protocol

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Connection,
    Index,
    LargeBinary,
    MetaData,
    Sequence,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, TIMESTAMP, UUID
from sqlalchemy.types import UserDefinedType

from stitch_common.database import NAMING


class XID8(UserDefinedType[int]):
    """PostgreSQL's 64-bit transaction id, which never wraps around."""

    cache_ok = True

    def get_col_spec(self, **_: Any) -> str:
        return "xid8"


def _moment(name: str) -> Column[Any]:
    return Column(name, TIMESTAMP(timezone=True), nullable=False, server_default=func.now())


def _outbox(metadata: MetaData) -> None:
    """Facts in the order of their commits; append-only, a partition a day.

    The id is a sequence's default: identity on partitioned tables needs PostgreSQL 17. There is
    no unique key, because it would have to contain the day; `(txid, id)` is unique by nature.
    """
    ids = Sequence("outbox_id_seq", metadata=metadata)
    Table(
        "outbox",
        metadata,
        Column("id", BigInteger, nullable=False, server_default=ids.next_value()),
        Column("fact_id", UUID(as_uuid=True), nullable=False),
        Column("txid", XID8, nullable=False, server_default=text("pg_current_xact_id()")),
        Column("subject", Text, nullable=False),
        Column("headers", JSONB, nullable=False),
        Column("payload", LargeBinary, nullable=False),
        _moment("created_at"),
        Index("ix_outbox_txid_id", "txid", "id"),
        postgresql_partition_by="RANGE (created_at)",
    )


def _outbox_cursor(metadata: MetaData) -> None:
    """One row: the last fact that the stream has acknowledged, and where it is there."""
    Table(
        "outbox_cursor",
        metadata,
        Column("only_row", Boolean, primary_key=True, server_default=text("true")),
        Column("txid", XID8, nullable=False, server_default=text("'0'::xid8")),
        Column("id", BigInteger, nullable=False, server_default=text("0")),
        Column("stream_sequence", BigInteger, nullable=False, server_default=text("0")),
        Column("fact_id", UUID(as_uuid=True), nullable=True),
        _moment("moved_at"),
        CheckConstraint("only_row", name="only_row"),
    )


def _inbox(metadata: MetaData) -> None:
    """Which consumer has handled which fact; the row is written with the effect."""
    Table(
        "inbox",
        metadata,
        Column("consumer", Text, primary_key=True),
        Column("fact_id", UUID(as_uuid=True), primary_key=True),
        _moment("handled_at"),
        Index("ix_inbox_handled_at", "handled_at", postgresql_using="brin"),
    )


def declare_bus_tables(metadata: MetaData) -> None:
    """Put the bus's tables into a service's metadata, so that drift checks know them."""
    for declare in (_outbox, _outbox_cursor, _inbox):
        declare(metadata)


class Migration(Protocol):
    """Alembic's `op`."""

    def get_bind(self) -> Connection: ...


def create_bus_tables(connection: Connection | Migration, schema: str) -> None:
    """Create the bus's tables; for migration 0001 of every service that has a schema.

    The days' partitions are the relay's work; the default partition holds what they don't.
    """
    bind = connection if isinstance(connection, Connection) else connection.get_bind()
    metadata = MetaData(schema=schema, naming_convention=NAMING)
    declare_bus_tables(metadata)
    metadata.create_all(bind, checkfirst=False)
    bind.execute(text(f"create table {schema}.outbox_default partition of {schema}.outbox default"))
    bind.execute(text(f"insert into {schema}.outbox_cursor default values"))
