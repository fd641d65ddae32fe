"""Kill anything at any moment: every committed fact is handled, once, and in its order.

`make chaos` runs it with 20,000 facts and many kills; `make test` with as many as fit into seconds.
"""

import asyncio
import random
from collections import defaultdict
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from pydantic_settings import BaseSettings, SettingsConfigDict
from tests.chaos.house import House, Ledger, write

from stitch_common.bus.connection import Bus
from stitch_common.contracts import Fact
from stitch_common.contracts.auth import UserVerified
from stitch_common.database import Database
from stitch_common.testing.traffic import Traffic

WRITERS = 12
KILLS = ["relay", "consumer", "postgres", "nats"]
MISHAPS = [
    "the consumer is deleted",
    "poison",
    "the consumer is asked to end",
    "the stream is deleted",
]
LOSSES = ["nats forgets all", "nats goes back in time"]


class Extent(BaseSettings):
    """`STITCH_CHAOS_FACTS=20000`, `_KILLS=40`, `_SEED=7`, `_AWAY=180` (seconds)."""

    model_config = SettingsConfigDict(env_prefix="STITCH_CHAOS_")

    facts: int = 720
    kills: int = 4
    seed: int = 7
    patience: float = 120
    away: float = 5


EXTENT = Extent()


@pytest.fixture
async def house(tmp_path: Path) -> AsyncGenerator[House]:
    house = House(tmp_path, patience=EXTENT.patience)
    try:
        await house.start()
        yield house
    finally:
        await house.end()


async def survive(house: House, misfortunes: list[str], dice: random.Random) -> int:
    """Let twelve writers commit while all this happens; gives how many facts there are."""
    database = Database.connect(house.postgres.dsn, application_name="writers", pool_size=WRITERS)
    each = EXTENT.facts // WRITERS
    writing = [
        asyncio.create_task(write(database, user_id, each, lambda: dice.uniform(0, 0.02)))
        for user_id in range(WRITERS)
    ]
    for misfortune in misfortunes:
        await asyncio.sleep(dice.uniform(0.2, 1.0))
        await house.strike(misfortune)
    await asyncio.gather(*writing)
    await database.dispose()
    return each * WRITERS


async def in_stream(house: House) -> list[Fact]:
    bus = Bus(house.nats.address, "auth")
    await bus.connect()
    try:
        return await Traffic(bus).facts()
    finally:
        await bus.close()


def orders(facts: list[Fact]) -> dict[str, list[int]]:
    """Give the versions of each aggregate as they first appear; repetitions are harmless."""
    found: dict[str, list[int]] = defaultdict(list)
    for fact in facts:
        assert isinstance(fact, UserVerified)
        if fact.version not in found[fact.aggregate_id]:
            found[fact.aggregate_id].append(fact.version)
    return found


async def assert_whole(house: House, number: int) -> None:
    ledger = Ledger(house.postgres.dsn)
    await ledger.complete(EXTENT.patience)
    assert await ledger.effects() == number
    assert await ledger.doubled() == 0
    assert await ledger.behind() == 0
    found = orders(await in_stream(house))
    assert found == {str(user): list(range(1, number // WRITERS + 1)) for user in range(WRITERS)}


async def test_whatever_is_killed_every_fact_is_handled_once_and_in_order(house: House) -> None:
    dice = random.Random(EXTENT.seed)  # noqa: S311 - misfortunes, not secrets
    misfortunes = [*KILLS, *(dice.choice(KILLS) for _ in range(EXTENT.kills - len(KILLS)))]
    dice.shuffle(misfortunes)

    number = await survive(house, misfortunes, dice)

    await assert_whole(house, number)


async def test_whatever_is_deleted_ended_slow_or_poisoned_every_fact_is_handled_once(
    house: House,
) -> None:
    dice = random.Random(EXTENT.seed)  # noqa: S311 - misfortunes, not secrets
    misfortunes = MISHAPS * max(1, EXTENT.kills // 8)
    dice.shuffle(misfortunes)

    number = await survive(house, misfortunes, dice)

    await assert_whole(house, number)
    assert await house.parked() == misfortunes.count("poison")


async def test_whatever_the_broker_forgets_every_fact_is_in_the_stream_and_handled_once(
    house: House,
) -> None:
    dice = random.Random(EXTENT.seed)  # noqa: S311 - misfortunes, not secrets
    await survive_quietly(house)
    house.keep_copy_of_nats()

    number = await survive(house, LOSSES, dice)

    await assert_whole(house, number)


async def test_a_broker_that_is_away_for_long_is_no_busy_loop_and_costs_no_fact(
    house: House,
) -> None:
    dice = random.Random(EXTENT.seed)  # noqa: S311 - pauses, not secrets
    await survive_quietly(house)

    surviving = asyncio.create_task(survive(house, [], dice))
    share = await house.be_without_nats(EXTENT.away)
    number = await surviving

    # Two processes: the relay polls its outbox once a second, both knock at the broker's door.
    assert share < 0.2
    await assert_whole(house, number)


async def survive_quietly(house: House) -> None:
    """Let one fact of each writer be handled, so that an older copy has something."""
    database = Database.connect(house.postgres.dsn, application_name="writers")
    for user_id in range(WRITERS):
        await write(database, user_id, 1, lambda: 0)
    await database.dispose()
    await Ledger(house.postgres.dsn).complete(EXTENT.patience)
