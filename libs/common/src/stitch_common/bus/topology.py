"""Streams and durable consumers: made, compared and corrected by one idempotent step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from datetime import timedelta
from typing import Any, Protocol

from nats.js.api import (
    ConsumerConfig,
    StorageType,
    StoreCompression,
    StreamConfig,
)
from nats.js.errors import NotFoundError

from stitch_common.bus.connection import Bus
from stitch_common.contracts import Fact
from stitch_common.contracts.base import PRODUCERS

STREAM = "STITCH"
DEAD_LETTERS = "STITCH_DLQ"
ADVISORIES = "STITCH_ADVISORIES"
LIMITS = "STITCH_LIMITS"

MAX_DELIVER = 1000
"""The broker's own end of all tries; settlement parks long before, but for infrastructure."""

MAX_ACK_PENDING = 1000
"""Facts that wait for their next try count too, so no wait may be long (`settlement`)."""

_MIB = 1024 * 1024


def _days(number: int) -> float:
    return timedelta(days=number).total_seconds()


STREAMS = (
    StreamConfig(
        name=STREAM,
        subjects=[*(f"stitch.{producer}.>" for producer in PRODUCERS), "stitch._redrive.>"],
        storage=StorageType.FILE,
        compression=StoreCompression.S2,
        max_age=_days(30),
        max_bytes=8192 * _MIB,
        duplicate_window=_days(1),
        allow_direct=True,
        allow_atomic=True,
    ),
    StreamConfig(
        name=DEAD_LETTERS,
        subjects=["stitch._dlq.>"],
        storage=StorageType.FILE,
        compression=StoreCompression.S2,
        max_age=_days(90),
        max_bytes=1024 * _MIB,
        duplicate_window=_days(1),
        allow_direct=True,
    ),
    StreamConfig(
        name=ADVISORIES,
        subjects=[
            f"$JS.EVENT.ADVISORY.CONSUMER.{kind}.{STREAM}.>"
            for kind in ("MAX_DELIVERIES", "MSG_TERMINATED")
        ],
        storage=StorageType.FILE,
        max_age=_days(90),
        max_bytes=64 * _MIB,
        duplicate_window=120,
        allow_direct=True,
    ),
    StreamConfig(
        name=LIMITS,
        subjects=["stitch._limits.>"],
        max_msgs_per_subject=1,  # a counter's last message holds its value
        storage=StorageType.MEMORY,
        max_age=_days(1),
        max_bytes=64 * _MIB,
        duplicate_window=120,
        allow_direct=True,
        allow_msg_counter=True,
    ),
)


class Subscription(Protocol):
    """What the topology needs to know of a consumer."""

    @property
    def name(self) -> str: ...

    @property
    def facts(self) -> Sequence[type[Fact]]: ...

    @property
    def ack_wait(self) -> timedelta: ...


@dataclass(frozen=True, slots=True)
class Drift:
    """A difference between what this code needs and what the broker had."""

    what: str
    setting: str
    wanted: Any
    found: Any


async def apply(bus: Bus, consumers: Sequence[Subscription] = ()) -> list[Drift]:
    """Make what is missing and correct what differs; gives what was wrong."""
    found = [drift for stream in STREAMS for drift in await apply_stream(bus, stream)]
    for consumer in consumers:
        found += await apply_consumer(bus, consumer)
    return found


async def check(bus: Bus, consumers: Sequence[Subscription] = ()) -> list[Drift]:
    """Tell what `apply` would correct, and change nothing."""
    found = [drift for stream in STREAMS for drift in (await _compare_stream(bus, stream))[1]]
    for consumer in consumers:
        found += await _compare_consumer(bus, consumer)
    return found


async def apply_stream(bus: Bus, wanted: StreamConfig) -> list[Drift]:
    wanted = wanted.evolve(num_replicas=bus.replicas)
    found, drifts = await _compare_stream(bus, wanted)
    if found is None:
        await bus.js.add_stream(wanted)
    elif drifts:
        # Never undo an operator's more careful choice.
        kept = max(found.num_replicas or 1, bus.replicas)
        await bus.js.update_stream(wanted.evolve(num_replicas=kept))
    return drifts


async def apply_consumer(bus: Bus, consumer: Subscription) -> list[Drift]:
    """A consumer that is made anew reads the whole stream again; inboxes make that harmless."""
    if drifts := await _compare_consumer(bus, consumer):
        await bus.js.add_consumer(STREAM, consumer_config(consumer))
    return drifts


async def _compare_stream(
    bus: Bus, wanted: StreamConfig
) -> tuple[StreamConfig | None, list[Drift]]:
    name = f"stream {wanted.name}"
    try:
        found = (await bus.js.stream_info(str(wanted.name))).config
    except NotFoundError:
        return None, [Drift(name, "exists", wanted=True, found=False)]
    wanted = wanted.evolve(num_replicas=bus.replicas)
    return found, list(_differences(name, wanted, found))


async def _compare_consumer(bus: Bus, consumer: Subscription) -> list[Drift]:
    name = f"consumer {consumer.name}"
    try:
        found = (await bus.js.consumer_info(STREAM, consumer.name)).config
    except NotFoundError:
        return [Drift(name, "exists", wanted=True, found=False)]
    return list(_differences(name, consumer_config(consumer), found))


def consumer_config(consumer: Subscription) -> ConsumerConfig:
    redrives = f"stitch._redrive.{consumer.name}.>"
    return ConsumerConfig(
        durable_name=consumer.name,
        filter_subjects=sorted([*(fact.subject for fact in consumer.facts), redrives]),
        ack_wait=consumer.ack_wait.total_seconds(),
        max_deliver=MAX_DELIVER,
        max_ack_pending=MAX_ACK_PENDING,
    )


def _differences(what: str, wanted: Any, found: Any) -> Iterator[Drift]:
    """Compare the settings that we set; the broker fills in all others."""
    defaults = type(wanted)()
    for field in fields(wanted):
        want, have = getattr(wanted, field.name), getattr(found, field.name)
        if want in (None, getattr(defaults, field.name)) or _is_satisfied(field.name, want, have):
            continue
        yield Drift(what, field.name, want, have)


def _is_satisfied(setting: str, wanted: Any, found: Any) -> bool:
    if setting == "num_replicas":
        return bool(found >= wanted)
    if isinstance(wanted, list):
        return sorted(wanted) == sorted(found or [])
    return bool(wanted == found)
