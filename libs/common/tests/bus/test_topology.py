"""The topology step makes what is missing, corrects what differs, and says so."""

from nats.js.api import StreamConfig

from stitch_common.bus.connection import Bus
from stitch_common.bus.consumer import Consumer
from stitch_common.bus.inbox import Received
from stitch_common.bus.topology import LIMITS, STREAM, STREAMS, Drift, apply
from stitch_common.contracts import Fact
from stitch_common.contracts.auth import UserUpdated, UserVerified


def consumer(*facts: type[Fact]) -> Consumer:
    made = Consumer("auth-test")

    async def handle(fact: Fact, received: Received) -> None: ...

    for fact in facts:
        made.on(fact)(handle)
    return made


async def test_what_is_missing_is_made_and_a_second_time_nothing_is(bus: Bus) -> None:
    await bus.js.delete_stream(LIMITS)

    first = await apply(bus, [consumer(UserVerified)])
    second = await apply(bus, [consumer(UserVerified)])

    assert [drift.what for drift in first] == [f"stream {LIMITS}", "consumer auth-test"]
    assert second == []


async def test_a_changed_limit_is_reported_and_corrected(bus: Bus) -> None:
    found = (await bus.js.stream_info(STREAM)).config
    await bus.js.update_stream(found.evolve(max_bytes=1024 * 1024))

    drifts = await apply(bus)

    wanted = STREAMS[0].max_bytes
    assert drifts == [Drift(f"stream {STREAM}", "max_bytes", wanted, 1024 * 1024)]
    assert (await bus.js.stream_info(STREAM)).config.max_bytes == wanted


async def test_a_consumer_follows_its_handlers(bus: Bus) -> None:
    await apply(bus, [consumer(UserVerified)])

    await apply(bus, [consumer(UserVerified, UserUpdated)])

    info = await bus.js.consumer_info(STREAM, "auth-test")
    assert set(info.config.filter_subjects or []) == {
        UserVerified.subject,
        UserUpdated.subject,
        "stitch._redrive.auth-test.>",
    }


async def test_facts_of_every_producer_have_their_place_in_the_stream(bus: Bus) -> None:
    config: StreamConfig = (await bus.js.stream_info(STREAM)).config

    assert config.allow_atomic
    assert config.duplicate_window == 24 * 3600
    assert await bus.js.find_stream_name_by_subject(UserVerified.subject) == STREAM
