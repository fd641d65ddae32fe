"""Streams and consumers as the broker has them."""

from typing import Any

from nats.js.api import ConsumerInfo
from nats.js.errors import NotFoundError

from stitch_common.bus.connection import Bus
from stitch_common.bus.topology import DEAD_LETTERS, STREAM, Drift, apply, check
from stitch_operations.errors import OperatorError


async def drift(bus: Bus) -> list[dict[str, Any]]:
    """Tell how the streams differ from what this code needs; consumers are their services'."""
    return [_row(found) for found in await check(bus)]


async def correct(bus: Bus) -> list[dict[str, Any]]:
    """Make and correct the streams; gives what was wrong."""
    return [_row(found) for found in await apply(bus)]


def _row(found: Drift) -> dict[str, Any]:
    return {
        "what": found.what,
        "setting": found.setting,
        "wanted": found.wanted,
        "found": found.found,
    }


async def consumers(bus: Bus) -> list[dict[str, Any]]:
    """Tell of each durable consumer how far it is."""
    parked = await _parked(bus)
    found = await bus.js.consumers_info(STREAM)
    durable = [info for info in found if info.config.durable_name]
    return [
        _consumer(info, parked.get(info.name, 0))
        for info in sorted(durable, key=lambda info: info.name)
    ]


def _consumer(info: ConsumerInfo, parked: int) -> dict[str, Any]:
    return {
        "consumer": info.name,
        "lag": info.num_pending,
        "unsettled": info.num_ack_pending,
        "redelivered": info.num_redelivered,
        "parked": parked,
        "requests": info.num_waiting,
        "settled_to": info.ack_floor.stream_seq if info.ack_floor else 0,
    }


async def _parked(bus: Bus) -> dict[str, int]:
    """Count parked messages by consumer; their subject is `stitch._dlq.<consumer>.…`."""
    state = (await bus.js.stream_info(DEAD_LETTERS, "stitch._dlq.>")).state
    counted: dict[str, int] = {}
    for subject, number in (state.subjects or {}).items():
        name = subject.split(".")[2]
        counted[name] = counted.get(name, 0) + number
    return counted


async def get_consumer(bus: Bus, name: str) -> ConsumerInfo:
    try:
        found: ConsumerInfo = await bus.js.consumer_info(STREAM, name)
    except NotFoundError:
        raise OperatorError(
            f"There is no consumer {name}; `stitch consumers` lists them."
        ) from None
    return found
