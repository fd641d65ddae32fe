"""Streams and consumers as the broker has them."""

from contextlib import suppress
from typing import Any

from nats.js.api import ConsumerInfo
from nats.js.errors import NotFoundError

from stitch_common.bus.connection import Bus
from stitch_common.bus.topology import DEAD_LETTERS, STREAM, Drift, apply, check
from stitch_operations.errors import OperatorError
from stitch_operations.register import wanted_consumers


async def drift(bus: Bus) -> list[dict[str, Any]]:
    """Tell how streams and consumers differ from what the code of all services needs."""
    found = await check(bus, wanted_consumers())
    rows = [_row(drift, "missing" if drift.setting == "exists" else "differs") for drift in found]
    return [*rows, *await _strangers(bus)]


async def correct(bus: Bus) -> list[dict[str, Any]]:
    """Make what is missing, mend what differs; gives what was wrong, and what still is."""
    found = await apply(bus, wanted_consumers())
    rows = [_row(d, f"not mended: {d.refusal}" if d.refusal else "mended") for d in found]
    return [*rows, *await _strangers(bus)]


async def forget(bus: Bus, name: str) -> list[dict[str, Any]]:
    """Delete a consumer that no service has; the facts stay."""
    if name in {consumer.name for consumer in wanted_consumers()}:
        raise OperatorError(
            f"{name} belongs to a service, which would make it again; stop the service instead."
        )
    await get_consumer(bus, name)
    await bus.js.delete_consumer(STREAM, name)
    return [{"consumer": name, "state": "forgotten"}]


def _row(found: Drift, state: str) -> dict[str, Any]:
    return {
        "what": found.what,
        "setting": found.setting,
        "wanted": found.wanted,
        "found": found.found,
        "state": state,
    }


async def _strangers(bus: Bus) -> list[dict[str, Any]]:
    known = {consumer.name for consumer in wanted_consumers()}
    return [
        _row(
            Drift(f"consumer {info.name}", "exists", wanted=False, found=True),
            f"a stranger: `stitch topology forget {info.name}`",
        )
        for info in await _durable(bus)
        if info.name not in known
    ]


async def _durable(bus: Bus) -> list[ConsumerInfo]:
    """All durable consumers by name; the broker gives them in pages."""
    found: list[ConsumerInfo] = []
    with suppress(NotFoundError):  # without a stream there is none
        while page := await bus.js.consumers_info(STREAM, offset=len(found)):
            found += page
    return sorted((i for i in found if i.config.durable_name), key=lambda info: info.name)


async def consumers(bus: Bus) -> list[dict[str, Any]]:
    """Tell of each durable consumer how far it is."""
    parked = await _parked(bus)
    return [_consumer(info, parked.get(info.name, 0)) for info in await _durable(bus)]


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
    except (NotFoundError, ValueError):  # nats-py asks for no name with a blank or a dot
        raise no_such_consumer(name) from None
    return found


def no_such_consumer(name: str) -> OperatorError:
    return OperatorError(f"There is no consumer {name}; `stitch consumers` lists them.")
