"""Projections take many facts in one transaction, and lose none to a bad one among them."""

from libs.common.tests.bus.kit import Verified
from sqlalchemy import text

from stitch_common.bus.consumer import BatchConsumer, Patience
from stitch_common.bus.inbox import Inbox, Received
from stitch_common.contracts import Fact
from stitch_common.contracts.auth import UserDeleted, UserVerified
from stitch_common.database import Database
from stitch_common.errors import ErrorKind, StitchError
from stitch_common.testing.clock import NOW
from stitch_common.testing.traffic import Traffic

FACTS = [UserVerified, UserDeleted]


class PoisonError(StitchError):
    """This fact can never be taken in."""

    kind = ErrorKind.INVALID
    code = "poison"


class Projection:
    """Counts facts in a table; user 13 is poison."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.batches: list[int] = []

    async def take(self, batch: list[tuple[Fact, Received]]) -> None:
        async with self.database.transaction() as session:
            new = await Inbox(session).admit_many([received for _, received in batch])
            for fact, received in batch:
                if fact.aggregate_id == "13":
                    raise PoisonError
                if received.fact_id in new:
                    await session.execute(
                        text("insert into auth.effect values (:user, :version)"),
                        {"user": int(fact.aggregate_id), "version": received.sequence},
                    )
        self.batches.append(len(batch))

    async def users(self) -> list[int]:
        async with self.database.connection() as connection:
            rows = await connection.fetch("select user_id from auth.effect order by user_id")
        return [row["user_id"] for row in rows]


async def test_many_facts_are_one_transaction(
    traffic: Traffic, verified: Verified, database: Database
) -> None:
    projection = Projection(database)
    await traffic.publish(*(verified(user_id) for user_id in range(100, 160)))
    await traffic.publish(UserDeleted(user_id=160, version=1, at=NOW))

    await traffic.handle_all(BatchConsumer("auth-batch", FACTS, projection.take, size=25))

    assert await projection.users() == list(range(100, 161))
    assert max(projection.batches) == 25
    assert len(projection.batches) <= 5


async def test_a_fact_that_stands_in_the_stream_twice_has_its_effect_once(
    traffic: Traffic, verified: Verified, database: Database
) -> None:
    """Both come in one batch, and the inbox is asked about both at once."""
    projection = Projection(database)
    (fact_id,) = await traffic.publish(verified(1))
    await traffic.publish(verified(1), fact_id=fact_id)

    await traffic.handle_all(BatchConsumer("auth-batch", FACTS, projection.take))

    assert await projection.users() == [1]


async def test_a_replay_changes_nothing(
    traffic: Traffic, verified: Verified, database: Database
) -> None:
    projection = Projection(database)
    consumer = BatchConsumer("auth-batch", FACTS, projection.take)
    await traffic.publish(*(verified(user_id) for user_id in range(20, 40)))

    await traffic.handle_all(consumer)
    await traffic.bus.js.delete_consumer("STITCH", consumer.name)
    await traffic.handle_all(consumer)

    assert await projection.users() == list(range(20, 40))


async def test_one_bad_fact_in_a_batch_is_parked_and_the_others_are_taken(
    traffic: Traffic, verified: Verified, database: Database
) -> None:
    projection = Projection(database)
    await traffic.publish(*(verified(user_id) for user_id in range(10, 20)))
    await traffic.bus.js.publish(UserVerified.subject, b"no fact at all")

    consumer = BatchConsumer("auth-batch", FACTS, projection.take, patience=Patience(tries=2))
    await traffic.handle_all(consumer)

    assert await projection.users() == [n for n in range(10, 20) if n != 13]
    reasons = sorted(parked["stitch-error"].split(":")[0] for parked in await traffic.parked())
    assert reasons == ["MalformedFactError", "PoisonError"]
