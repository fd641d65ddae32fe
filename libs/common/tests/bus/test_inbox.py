"""A fact is admitted once by each consumer, whoever asks at the same time."""

import asyncio
from collections import Counter
from uuid import uuid4

import pytest
from libs.common.tests.bus.kit import Verified

from stitch_common.bus.inbox import Inbox, Received, admit_sql
from stitch_common.database import Database
from stitch_common.testing.clock import NOW


def received(consumer: str = "auth-test") -> Received:
    return Received(uuid4(), consumer, "subject", 1, NOW, 1, None, 1)


async def test_a_fact_is_admitted_once(rolled_back: Database) -> None:
    fact = received()

    async with rolled_back.transaction() as session:
        answers = [await Inbox(session).admit(fact) for _ in range(2)]

    assert answers == [True, False]


async def test_consumers_do_not_see_each_others_marks(rolled_back: Database) -> None:
    fact = received()
    same = Received(fact.fact_id, "auth-other", "subject", 1, NOW, 1, None, 1)

    async with rolled_back.transaction() as session:
        assert await Inbox(session).admit(fact)
        assert await Inbox(session).admit(same)


async def test_of_a_batch_only_the_new_facts_are_admitted(rolled_back: Database) -> None:
    old, new = received(), received()

    async with rolled_back.transaction() as session:
        await Inbox(session).admit(old)
        admitted = await Inbox(session).admit_many([old, new, new])
        nothing = await Inbox(session).admit_many([])

    assert admitted == {new.fact_id}
    assert nothing == set()


async def test_a_failed_transaction_leaves_no_mark(rolled_back: Database) -> None:
    fact = received()

    async def fail() -> None:
        async with rolled_back.transaction() as session:
            await Inbox(session).admit(fact)
            raise LookupError

    with pytest.raises(LookupError):
        await fail()

    async with rolled_back.transaction() as session:
        assert await Inbox(session).admit(fact)


async def test_of_batches_at_the_same_time_each_fact_goes_to_one(
    database: Database, verified: Verified
) -> None:
    facts = [received() for _ in range(50)]
    admitted: Counter[object] = Counter()

    async def take(batch: list[Received]) -> None:
        async with database.transaction() as session:
            admitted.update(await Inbox(session).admit_many(batch))

    await asyncio.gather(take(facts), take(facts[::-1]), take(facts[10:]), take(facts[:40]))

    assert admitted == {fact.fact_id: 1 for fact in facts}


async def test_a_hot_path_marks_a_fact_and_makes_its_effect_in_one_statement(
    rolled_back: Database,
) -> None:
    fact = received()
    statement = f"with {admit_sql(fact.consumer)} insert into auth.effect select 7, 1 from admitted"  # noqa: S608 - ours

    async with rolled_back.connection() as connection:
        for _ in range(2):
            await connection.execute(statement, fact.consumer, fact.fact_id)
        effects = await connection.fetchval("select count(*) from auth.effect")

    assert effects == 1
