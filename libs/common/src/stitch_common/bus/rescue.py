"""The net below parking: facts that the broker gave up, because nobody lived to settle them."""

import asyncio
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import structlog
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import NotFoundError, ServerError

from stitch_common.bus import metrics
from stitch_common.bus.connection import Bus, happens
from stitch_common.bus.delivery import park
from stitch_common.bus.topology import ADVISORIES, STREAM

log = structlog.get_logger(__name__)

RESCUE_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class GivenUp:
    """What the broker will not deliver any more; the stream may be too young to hold it."""

    consumer: str
    sequence: int
    tries: int
    is_parked: bool


async def rescue(bus: Bus, consumer: str = "*") -> list[GivenUp]:
    """Park every message that an advisory tells of; a second call changes nothing."""
    rescued = []
    subject, number = f"$JS.EVENT.ADVISORY.CONSUMER.*.{STREAM}.{consumer}", 0
    with suppress(NotFoundError):  # there is no other
        while True:
            advisory = await bus.js.get_msg(ADVISORIES, seq=number + 1, subject=subject, next=True)
            number = advisory.seq or 0
            rescued.append(await _rescue(bus, json.loads(advisory.data or b"{}")))
            with suppress(ServerError):  # another process was faster: it is parked once
                await bus.js.delete_msg(ADVISORIES, number)
                metrics.RESCUED.labels(rescued[-1].consumer).inc()
                log.error("fact_given_up", given_up=rescued[-1])
    return rescued


async def _rescue(bus: Bus, told: dict[str, Any]) -> GivenUp:
    consumer, sequence, tries = told["consumer"], told["stream_seq"], told["deliveries"]
    try:
        found = await bus.js.get_msg(STREAM, seq=sequence)
    except NotFoundError:
        return GivenUp(consumer, sequence, tries, is_parked=False)
    why = told.get("reason") or "nobody lived to settle it"
    nanoseconds = int(found.time.timestamp() * 1e9) if found.time else 0
    # As it was last delivered, so that it is parked like anything else.
    reply = f"$JS.ACK.{STREAM}.{consumer}.{tries}.{sequence}.0.{nanoseconds}.0"
    message = Msg(bus.client, found.subject or "", reply, found.data or b"", found.headers)
    await park(bus, message, consumer, f"the broker gave it up: {why}")
    return GivenUp(consumer, sequence, tries, is_parked=True)


async def keep_rescuing(
    bus: Bus, consumers: Sequence[str], stop: asyncio.Event, *, every: float = RESCUE_SECONDS
) -> None:
    """Park now and then what the broker gave up of a process's consumers."""
    while not await happens(stop, within=every):
        with suppress(NatsError):  # it is tried again
            for consumer in consumers if bus.connected.is_set() else ():
                await rescue(bus, consumer)
