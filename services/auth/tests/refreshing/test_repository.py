"""Rotating on the condition that nothing has changed since one looked (S5, S54)."""

from collections.abc import AsyncGenerator
from datetime import timedelta

import pytest
from services.auth.tests.conftest import People, Wired

from stitch_auth.callers.models import Caller
from stitch_auth.refreshing.models import Family
from stitch_auth.refreshing.repository import RefreshRepository
from stitch_common.context import request_id
from stitch_common.testing.clock import NOW

CALLER = Caller("203.0.113.9", "Firefox")
LATER = NOW + timedelta(minutes=5)


@pytest.fixture
async def known(wired: Wired, people: People) -> AsyncGenerator[RefreshRepository]:
    """The sessions of an application in which somebody has logged in."""
    await people.log_in(await people.make(username="ada"))
    async with wired.runtime.database.connection() as connection:
        yield RefreshRepository(connection)


@pytest.fixture
async def found(known: RefreshRepository, wired: Wired) -> Family:
    (row,) = await wired.rows("select sid from auth.sessions")
    found = await known.find(row["sid"])
    assert found is not None
    return found


def rotated(family: Family) -> Family:
    family.rotate(LATER, idle_ttl=timedelta(days=14))
    return family


async def test_a_rotation_is_saved_and_told_to_the_audit_log(
    known: RefreshRepository, found: Family, wired: Wired
) -> None:
    token = request_id.set("r-1")

    assert await known.rotate(rotated(found), CALLER)

    request_id.reset(token)
    (row,) = await wired.rows("select * from auth.sessions")
    assert (row["generation"], row["ip"], row["user_agent"]) == (1, "203.0.113.9", "Firefox")
    assert row["rotated_at"] == row["last_used_at"] == LATER
    assert row["idle_expires_at"] == LATER + timedelta(days=14)
    (entry,) = await wired.rows("select * from auth.audit_log where action = 'session.refreshed'")
    assert (entry["result"], entry["actor_id"]) == ("success", row["user_id"])
    assert (entry["subject"], entry["request_id"]) == (f"session:{row['sid']}", "r-1")
    assert (entry["at"], entry["ip"], entry["user_agent"]) == (LATER, "203.0.113.9", "Firefox")


async def test_of_two_who_have_seen_the_same_session_one_rotates(
    known: RefreshRepository, found: Family, wired: Wired
) -> None:
    second = await known.find(found.sid)
    assert second is not None

    assert await known.rotate(rotated(found), CALLER)
    assert not await known.rotate(rotated(second), CALLER)

    assert [row["generation"] for row in await wired.rows("select * from auth.sessions")] == [1]
    refreshed = "select * from auth.audit_log where action = 'session.refreshed'"
    assert len(await wired.rows(refreshed)) == 1


async def test_a_session_that_has_ended_meanwhile_is_not_rotated(
    known: RefreshRepository, found: Family, wired: Wired
) -> None:
    await wired.rows("update auth.sessions set ended_at = now(), end_reason = 'logout' returning 1")

    assert not await known.rotate(rotated(found), CALLER)


async def test_nobody_has_an_unknown_session(known: RefreshRepository) -> None:
    assert await known.find("0" * 32) is None
