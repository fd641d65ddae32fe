"""The migrated schema is the one that the models describe."""

import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from runpy import run_path
from typing import Any

from stitch_common.database import Database
from stitch_common.testing.schemas import drift
from stitch_events.db import Base

VERSIONS = Path(__file__).parents[1] / "migrations/versions"
WHOLE = VERSIONS / "0002_whole_questions_and_companions.py"
LISTS = VERSIONS / "0003_guest_lists_of_deleted_events.py"


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


async def test_the_guests_of_events_deleted_earlier_leave_their_lists(
    database: Database,
    make_event: Callable[..., Awaitable[dict[str, Any]]],
    add_guest: Callable[..., Awaitable[dict[str, Any]]],
) -> None:
    deleted, other = [await make_event(max_attendees=1, waitlist_enabled=True) for _ in range(2)]
    for event in (deleted, other):
        await add_guest(event, "ada@example.com")
        await add_guest(event, "bob@example.com")
    statements = run_path(str(LISTS))
    delete = "update events.events set deleted_at = now() where id = $1"

    async with database.connection() as connection:
        await connection.execute(delete, deleted["id"])
        await connection.execute(statements["GUESTS"])
        await connection.execute(statements["SEATS"])
        rows = await connection.fetch(
            """
            select e.id, e.seats_taken, array_agg(r.status order by r.id) as answers,
                bool_and(r.version = 2 and r.deleted_at = e.deleted_at) as are_tombstones
            from events.events e join events.rsvps r on r.event_id = e.id group by e.id
            """
        )

    assert [row["are_tombstones"] for row in rows if row["id"] == deleted["id"]] == [True]
    assert {row["id"]: (row["seats_taken"], row["answers"]) for row in rows} == {
        deleted["id"]: (0, ["cancelled", "cancelled"]),
        other["id"]: (1, ["accepted", "waitlisted"]),
    }
