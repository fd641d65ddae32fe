"""Facts are recorded with what makes them true, or not at all."""

import json

import asyncpg
import pytest

from stitch_common.bus.envelope import Envelope
from stitch_common.bus.outbox import (
    FactTooLargeError,
    ForeignFactError,
    Outbox,
    columns,
    insert_sql,
)
from stitch_common.context import request_id
from stitch_common.contracts import Fact
from stitch_common.contracts.auth import UserVerified
from stitch_common.contracts.content import SettingChanged
from stitch_common.database import Database
from stitch_common.testing.clock import NOW


def verified(user_id: int, version: int = 1) -> UserVerified:
    return UserVerified(user_id=user_id, version=version, at=NOW)


async def record(rolled_back: Database, *facts: Fact) -> None:
    async with rolled_back.transaction() as session:
        for fact in facts:
            Outbox(session).add(fact)


async def recorded(rolled_back: Database) -> list[asyncpg.Record]:
    async with rolled_back.connection() as connection:
        return list(await connection.fetch("select * from auth.outbox order by id"))


async def test_facts_of_a_transaction_are_written_in_their_order(rolled_back: Database) -> None:
    await record(rolled_back, *(verified(user_id) for user_id in range(20)))

    rows = await recorded(rolled_back)

    assert [json.loads(row["payload"])["user_id"] for row in rows] == list(range(20))
    assert len({row["txid"] for row in rows}) == 1


async def test_a_failed_transaction_records_nothing(rolled_back: Database) -> None:
    async def fail() -> None:
        async with rolled_back.transaction() as session:
            Outbox(session).add(verified(1))
            raise LookupError

    with pytest.raises(LookupError):
        await fail()

    assert await recorded(rolled_back) == []


async def test_the_envelope_says_who_what_and_when(rolled_back: Database) -> None:
    token = request_id.set("req-1")

    await record(rolled_back, verified(7, version=3))

    request_id.reset(token)
    (row,) = await recorded(rolled_back)
    headers = row["headers"]
    assert headers["ce-id"] == str(row["fact_id"])
    assert headers["ce-type"] == row["subject"] == "stitch.auth.user.verified.v1"
    assert (headers["ce-subject"], headers["ce-sequence"]) == ("7", "3")
    assert headers["ce-time"] == NOW.isoformat()
    assert headers["x-request-id"] == "req-1"


async def test_a_service_can_record_only_its_own_facts(rolled_back: Database) -> None:
    foreign = SettingChanged(key="a", version=1, removed=False, changed_by=1, at=NOW)

    with pytest.raises(ForeignFactError):
        await record(rolled_back, verified(1), foreign)

    assert await recorded(rolled_back) == []


async def test_a_hot_path_records_facts_on_the_drivers_own_connection(
    rolled_back: Database,
) -> None:
    envelope = Envelope.seal(verified(1))

    async with rolled_back.connection() as connection:
        await connection.execute(insert_sql("auth"), *columns([envelope]).values())

    (row,) = await recorded(rolled_back)
    assert row["fact_id"] == envelope.fact_id


@pytest.mark.parametrize("size", [40_000, 600_000])
async def test_a_fact_that_no_broker_takes_is_refused_before_it_blocks_all_others(
    rolled_back: Database, size: int
) -> None:
    """Its payload may be too large, and its headers, where a key is a part of them."""
    huge = SettingChanged(key="k" * size, version=1, removed=False, changed_by=1, at=NOW)

    with pytest.raises(FactTooLargeError):
        await record(rolled_back, huge)
    with pytest.raises(FactTooLargeError):
        columns([Envelope.seal(huge)])


async def test_no_transaction_of_a_service_may_rest_for_long(database: Database) -> None:
    """One that is left open would hold all facts of its schema back."""
    async with database.connection() as connection:
        allowed = await connection.fetchval("show idle_in_transaction_session_timeout")

    assert allowed == "30s"
