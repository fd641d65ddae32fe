"""The migrated schema is the one that the models describe."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from runpy import run_path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection

from stitch_common.database import Database
from stitch_events.db import SCHEMA, Base
from stitch_events.events.models import Event
from stitch_events.rsvps.models import RSVP

WHOLE = Path(__file__).parents[1] / "migrations/versions/0002_whole_questions_and_companions.py"
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


async def test_what_was_stored_in_part_is_made_whole(
    database: Database,
    make_event: Callable[..., Awaitable[dict[str, Any]]],
    add_guest: Callable[..., Awaitable[dict[str, Any]]],
) -> None:
    event = await make_event(questions=[{"label": "A", "required": True}, "B"])
    companions = [{"name": "Charles", "dietary_restrictions": "vegan"}, {"name": "Mary"}]
    guest = await add_guest(event, party=companions)
    statements = run_path(str(WHOLE))
    in_part = [{"id": "a", "label": "A", "required": True}, {"id": "b", "label": "B"}]

    async with database.connection() as connection:
        await connection.execute("update events.events set questions = $1", json.dumps(in_part))
        await connection.execute("update events.rsvps set party = $1", json.dumps(companions))
        await connection.execute(statements["QUESTIONS"])
        await connection.execute(statements["PARTIES"])
        questions = await connection.fetchval("select questions::text from events.events")
        party = await connection.fetchval("select party::text from events.rsvps")

    assert json.loads(questions) == event["questions"]
    assert json.loads(party) == guest["party"]
