"""Streams and durable consumers: made, compared and corrected by one idempotent step."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields, replace
from datetime import timedelta
from typing import Any, Protocol

import structlog
from nats.js import api
from nats.js.errors import APIError, NotFoundError

from stitch_common.bus.connection import Bus
from stitch_common.contracts import Fact
from stitch_common.contracts.base import PRODUCERS

log = structlog.get_logger(__name__)

STREAM = "STITCH"
DEAD_LETTERS = "STITCH_DLQ"
ADVISORIES = "STITCH_ADVISORIES"
LIMITS = "STITCH_LIMITS"

MAX_DELIVER = 1000
"""The broker's own end of all tries; settlement parks long before, but for infrastructure."""

MAX_ACK_PENDING = 1000
"""Facts that wait for their next try count too, so no wait may be long (`settlement`)."""

_MIB = 1024 * 1024


def _stream(name: str, *subjects: str, days: int, mebibytes: int, **more: Any) -> api.StreamConfig:
    usual: dict[str, Any] = {"storage": api.StorageType.FILE, "duplicate_window": 120.0}
    return api.StreamConfig(
        name=name,
        subjects=list(subjects),
        max_age=timedelta(days=days).total_seconds(),
        max_bytes=mebibytes * _MIB,
        max_msgs=-1,
        retention=api.RetentionPolicy.LIMITS,
        allow_direct=True,
        **{**usual, **more},
    )


_LONG: dict[str, Any] = {
    "compression": api.StoreCompression.S2,
    "duplicate_window": timedelta(days=1).total_seconds(),
}
_FACTS = [*(f"stitch.{producer}.>" for producer in PRODUCERS), "stitch._redrive.>"]
_GIVEN_UP = [
    f"$JS.EVENT.ADVISORY.CONSUMER.{kind}.{STREAM}.>"
    for kind in ("MAX_DELIVERIES", "MSG_TERMINATED")
]

STREAMS = (
    _stream(STREAM, *_FACTS, days=30, mebibytes=8192, allow_atomic=True, **_LONG),
    _stream(DEAD_LETTERS, "stitch._dlq.>", days=90, mebibytes=1024, **_LONG),
    _stream(ADVISORIES, *_GIVEN_UP, days=90, mebibytes=64),
    _stream(
        LIMITS,
        "stitch._limits.>",
        days=1,
        mebibytes=192,  # 390 000 counters; beyond them the oldest are forgotten
        storage=api.StorageType.MEMORY,
        max_msgs_per_subject=1,  # a counter's last message holds its value
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
    refusal: str | None = None
    """Why the broker does not let it be mended."""


async def apply(bus: Bus, consumers: Sequence[Subscription] = ()) -> list[Drift]:
    """Make what is missing and mend what differs; gives what was wrong, and what still is."""
    found = [drift for stream in STREAMS for drift in await apply_stream(bus, stream)]
    for consumer in consumers:
        found += await apply_consumer(bus, consumer)
    for drift in found:
        log.info("topology_differed", drift=drift)
    return found


async def check(bus: Bus, consumers: Sequence[Subscription] = ()) -> list[Drift]:
    """Tell what `apply` would mend, and change nothing."""
    found = [drift for stream in STREAMS for drift in (await _compare_stream(bus, stream))[1]]
    for consumer in consumers:
        found += await _compare_consumer(bus, consumer)
    return found


async def apply_stream(bus: Bus, wanted: api.StreamConfig) -> list[Drift]:
    """Mend a stream in place, and never at the price of what it holds."""
    found, drifts = await _compare_stream(bus, wanted)
    if found is None:
        await bus.js.add_stream(wanted.evolve(num_replicas=bus.replicas))
    elif drifts:
        try:
            await _mend(bus, found, drifts)
        except APIError:  # one setting or another can't be changed: find out which
            drifts = [await _try_to_mend(bus, wanted, drift) for drift in drifts]
    return drifts


async def _mend(bus: Bus, found: api.StreamConfig, drifts: Sequence[Drift]) -> None:
    await bus.js.update_stream(found.evolve(**{drift.setting: drift.wanted for drift in drifts}))


async def _try_to_mend(bus: Bus, wanted: api.StreamConfig, drift: Drift) -> Drift:
    try:
        await _mend(bus, (await bus.js.stream_info(str(wanted.name))).config, [drift])
    except APIError as error:
        log.warning("drift_not_mended", what=drift.what, setting=drift.setting, error=repr(error))
        return replace(drift, refusal=error.description)
    return drift


async def apply_consumer(bus: Bus, consumer: Subscription) -> list[Drift]:
    """A consumer that is made anew reads the whole stream again; inboxes make that harmless."""
    if drifts := await _compare_consumer(bus, consumer):
        wanted = consumer_config(consumer)
        try:
            await bus.js.add_consumer(STREAM, wanted)
        except APIError:  # it has what can't be changed
            await bus.js.delete_consumer(STREAM, consumer.name)
            await bus.js.add_consumer(STREAM, wanted)
    return drifts


async def _compare_stream(
    bus: Bus, wanted: api.StreamConfig
) -> tuple[api.StreamConfig | None, list[Drift]]:
    name = f"stream {wanted.name}"
    try:
        found = (await bus.js.stream_info(str(wanted.name))).config
    except NotFoundError:
        return None, [Drift(name, "exists", wanted=True, found=False)]
    return found, list(_differences(name, wanted.evolve(num_replicas=bus.replicas), found))


async def _compare_consumer(bus: Bus, consumer: Subscription) -> list[Drift]:
    name = f"consumer {consumer.name}"
    try:
        found = (await bus.js.consumer_info(STREAM, consumer.name)).config
    except NotFoundError:
        return [Drift(name, "exists", wanted=True, found=False)]
    return list(_differences(name, consumer_config(consumer), found))


def consumer_config(consumer: Subscription) -> api.ConsumerConfig:
    redrives = f"stitch._redrive.{consumer.name}.>"
    return api.ConsumerConfig(
        durable_name=consumer.name,
        filter_subjects=sorted([*(fact.subject for fact in consumer.facts), redrives]),
        ack_wait=consumer.ack_wait.total_seconds(),
        max_deliver=MAX_DELIVER,
        max_ack_pending=MAX_ACK_PENDING,
        headers_only=False,
    )


def _differences(what: str, wanted: Any, found: Any) -> Iterator[Drift]:
    """Compare the settings that matter to us; the broker fills in all others."""
    for field in fields(wanted):
        want, have = getattr(wanted, field.name), getattr(found, field.name)
        if want is not None and not _is_satisfied(field.name, want, have):
            yield Drift(what, field.name, want, have)


def _is_satisfied(setting: str, wanted: Any, found: Any) -> bool:
    if setting == "num_replicas":
        return bool(found >= wanted)  # never undo an operator's more careful choice
    if isinstance(wanted, list):
        return sorted(wanted) == sorted(found or [])
    return bool(wanted == found) or (not wanted and not found)
