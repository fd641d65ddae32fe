"""The migrated schema is the one that the models describe."""

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from stitch_common.database import Database
from stitch_events.db import SCHEMA, Base
from stitch_events.events.models import Event
from stitch_events.rsvps.models import RSVP

OURS = {Event.__tablename__, RSVP.__tablename__}


def _is_ours(name: str | None, kind: str, _parents: object) -> bool:
    return {"schema": name == SCHEMA, "table": name in OURS}.get(kind, True)


def _is_compared(_object: object, name: str | None, kind: str, *_: object) -> bool:
    return kind != "table" or name in OURS


def _drift(connection: Connection) -> list[object]:
    options = {
        "include_schemas": True,
        "include_name": _is_ours,
        "include_object": _is_compared,
        "compare_server_default": False,
    }
    context = MigrationContext.configure(connection, opts=options)
    return list(compare_metadata(context, Base.metadata))


async def test_the_migrations_make_what_the_models_describe(database: Database) -> None:
    async with database.transaction() as session:
        connection = await session.connection()
        drift = await connection.run_sync(_drift)

    assert drift == []
