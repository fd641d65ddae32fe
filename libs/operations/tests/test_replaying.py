"""A consumer reads a part of the stream again, under way or not, and its inbox forgives that."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from libs.operations.tests.conftest import Reader, Stitch

from stitch_common.contracts.auth import UserVerified
from stitch_common.testing.traffic import Traffic
from stitch_operations.errors import OperatorError
from stitch_operations.replaying import start_of

Verified = Callable[[int], UserVerified]


async def test_all_is_read_again(
    traffic: Traffic, stitch: Stitch, reader: Reader, verified: Verified
) -> None:
    await traffic.publish(*(verified(n) for n in range(4)))
    await traffic.handle_all(reader.consumer)

    said = (await stitch("replay", "auth-reader", "--from", "all", "--json")).json
    await traffic.handle_all(reader.consumer)

    assert said["facts"] == 4
    assert sorted(reader.taken) == sorted([*range(4), *range(4)])


async def test_a_replay_begins_at_a_moment(
    traffic: Traffic, stitch: Stitch, reader: Reader, verified: Verified
) -> None:
    await traffic.publish(verified(1), verified(2))
    await asyncio.sleep(0.05)
    moment = datetime.now(UTC)  # noqa: TID251 - the broker's own clock
    await traffic.publish(verified(3))
    await traffic.handle_all(reader.consumer)

    await stitch("replay", "auth-reader", "--from", moment.isoformat())
    await traffic.handle_all(reader.consumer)

    assert sorted(reader.taken) == [1, 2, 3, 3]


async def test_a_replay_from_the_future_begins_with_what_comes_next(
    traffic: Traffic, stitch: Stitch, reader: Reader, verified: Verified
) -> None:
    await traffic.publish(verified(1))
    await traffic.handle_all(reader.consumer)

    await stitch("replay", "auth-reader", "--from", "2200-01-01")
    await traffic.publish(verified(2))
    await traffic.handle_all(reader.consumer)

    assert reader.taken == [1, 2]


async def test_a_replay_from_a_late_sequence_loses_nothing_that_waits(
    traffic: Traffic, stitch: Stitch, reader: Reader, verified: Verified
) -> None:
    await traffic.handle_all(reader.consumer)
    await traffic.publish(*(verified(n) for n in range(4)))

    await stitch("replay", "auth-reader", "--from", "4000000")
    await traffic.handle_all(reader.consumer)

    assert sorted(reader.taken) == list(range(4))


async def test_a_replay_reaches_a_consumer_that_is_running(
    traffic: Traffic, stitch: Stitch, reader: Reader, verified: Verified
) -> None:
    await traffic.publish(*(verified(n) for n in range(30)))
    async with traffic.consuming(reader.consumer):
        await traffic.settled(reader.consumer)
        await stitch("replay", "auth-reader", "--from", "all")
        await traffic.settled(reader.consumer)
        await traffic.publish(verified(30))
        await traffic.settled(reader.consumer)

    assert sorted(reader.taken) == sorted([*range(30), *range(30), 30])


@pytest.mark.parametrize("name", ["auth-nobody", "auth.nobody", "some body", "*"])
async def test_a_consumer_that_is_not_there_is_a_sentence(
    traffic: Traffic, stitch: Stitch, name: str
) -> None:
    said = await stitch("replay", name, "--from", "all")

    assert said.code == 1
    assert said.err.startswith(f"stitch: There is no consumer {name};")


@pytest.mark.parametrize("text", ["yesterday", "-3", "", 5_000 * "9", "9999-12-31T23:59:59-23:59"])
def test_a_start_that_is_none_is_refused(text: str) -> None:
    with pytest.raises(OperatorError, match="--from takes"):
        start_of(text)


def test_a_sequence_is_one_that_the_broker_can_read() -> None:
    assert [start_of(text) for text in ("0", "7", 24 * "9")] == [1, 7, 2**64 - 1]


def test_a_moment_without_a_zone_is_in_utc() -> None:
    assert start_of("2026-03-02T12:00") == datetime(2026, 3, 2, 12, tzinfo=UTC)
