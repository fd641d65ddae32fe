"""The migrated schema is the one that the models describe."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from runpy import run_path
from typing import Any

from stitch_common.database import Database
from stitch_common.testing.schemas import drift
from stitch_events.db import Base

WHOLE = Path(__file__).parents[1] / "migrations/versions/0002_whole_questions_and_companions.py"


async def test_the_migrations_make_what_the_models_describe(database: Database) -> None:
    assert await drift(database, Base.metadata) == []


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
