"""The topology step makes what is missing, corrects what differs, and says so."""

import pytest
from nats.js.api import AckPolicy, DeliverPolicy, DiscardPolicy, StorageType, StreamConfig

from stitch_common.bus.connection import Bus
from stitch_common.bus.consumer import Consumer
from stitch_common.bus.inbox import Received
from stitch_common.bus.topology import LIMITS, STREAM, STREAMS, Drift, apply, check, consumer_config
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


@pytest.mark.parametrize(
    "wrong",
    [{"max_msg_size": 100}, {"max_msgs_per_subject": 1000}, {"discard": DiscardPolicy.NEW}],
)
async def test_what_lets_a_broker_refuse_or_drop_facts_is_mended(
    bus: Bus, wrong: dict[str, object]
) -> None:
    found = (await bus.js.stream_info(STREAM)).config
    await bus.js.update_stream(found.evolve(**wrong))

    drifts = await apply(bus)

    assert {drift.setting: drift.found for drift in drifts} == wrong
    assert await check(bus) == []


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


async def test_what_somebody_else_has_set_besides_stays(bus: Bus) -> None:
    found = (await bus.js.stream_info(STREAM)).config
    await bus.js.update_stream(found.evolve(max_bytes=1024 * 1024, description="watched"))

    await apply(bus)

    assert (await bus.js.stream_info(STREAM)).config.description == "watched"


async def test_what_a_broker_does_not_let_be_changed_is_said_and_the_rest_is_mended(
    bus: Bus,
) -> None:
    await bus.js.delete_stream(LIMITS)
    wrong = STREAMS[3].evolve(storage=StorageType.FILE, max_bytes=1024 * 1024)
    await bus.js.add_stream(wrong)

    first = await apply(bus)
    second = await apply(bus)
    await bus.js.delete_stream(LIMITS)
    await apply(bus)

    refused, mended = sorted(first, key=lambda drift: drift.refusal is None)
    assert (refused.setting, mended.setting) == ("storage", "max_bytes")
    assert "storage type" in str(refused.refusal)
    assert second == [refused]


async def test_a_check_says_what_apply_would_do_and_does_nothing(bus: Bus) -> None:
    wanted = consumer(UserVerified)
    await bus.js.add_consumer(STREAM, consumer_config(wanted).evolve(ack_wait=7.0))

    first = await check(bus, [wanted])
    second = await check(bus, [wanted])

    assert first == second == [Drift("consumer auth-test", "ack_wait", 30.0, 7.0)]


@pytest.mark.parametrize(
    "wrong",
    [
        {"ack_policy": AckPolicy.NONE},
        {"deliver_policy": DeliverPolicy.NEW},
        {"headers_only": True},
        {"ack_wait": 3.0, "max_deliver": 5},
    ],
)
async def test_a_consumer_is_mended_even_if_it_must_be_made_anew(
    bus: Bus, wrong: dict[str, object]
) -> None:
    wanted = consumer(UserVerified)
    await bus.js.add_consumer(STREAM, consumer_config(wanted).evolve(**wrong))

    first = await apply(bus, [wanted])
    second = await apply(bus, [wanted])

    assert {drift.setting for drift in first} == set(wrong)
    assert second == []
