"""Replay: a consumer reads a part of the stream again; inboxes make the repeats harmless.

A rebuild lets a projection forget first, so that the repeats have their effect again.
"""

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy
from nats.js.errors import NotFoundError

from stitch_common.bus.connection import Bus
from stitch_common.bus.envelope import Address
from stitch_common.bus.questions import LateAnswerError, NoAnswerError, ask
from stitch_common.bus.topology import STREAM
from stitch_common.contracts.base import PRODUCERS
from stitch_common.contracts.questions import PROJECTIONS
from stitch_operations.errors import OperatorError
from stitch_operations.streams import get_consumer

Start = int | datetime

RESETS_SINCE = (2, 14)
LAST_SEQUENCE = 2**64 - 1
CLOCKS_DIFFER = timedelta(minutes=1)


def start_of(text: str) -> Start:
    """Read a sequence, `all`, or an ISO 8601 moment; without a zone it is in UTC."""
    if text == "all":
        return 1
    try:
        if text.isdecimal():
            return min(max(1, int(text)), LAST_SEQUENCE)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):  # a number of a novel's length, a year 10000
        raise OperatorError(
            f"--from takes a sequence, `all`, or a moment like 2026-03-02T12:00; not {text!r}."
        ) from None


async def replay(bus: Bus, name: str, start: Start) -> dict[str, Any]:
    """Let the consumer begin anew at `start`, or earlier where it has not settled all before."""
    _check_version(bus)
    consumer = await get_consumer(bus, name)
    wanted = start if isinstance(start, int) else await _sequence_at(bus, start)
    floor = consumer.ack_floor.stream_seq if consumer.ack_floor else 0
    # A reset forgets what is unsettled; from behind the floor on, all of it comes again.
    reset = await bus.js.reset_consumer(STREAM, name, seq=min(wanted, floor + 1))
    return {
        "consumer": name,
        "from_sequence": reset.reset_seq,
        "facts": reset.info.num_pending,
    }


async def rebuild(bus: Bus, name: str, start: Start) -> dict[str, Any]:
    """Let a projection forget what facts since `start` have told, and read them again."""
    _check_version(bus)
    await get_consumer(bus, name)
    if (question := PROJECTIONS.get(name)) is None:
        raise OperatorError(
            f"{name} is no projection that can be rebuilt; these are: {', '.join(PROJECTIONS)}."
        )
    sequence = start if isinstance(start, int) else await _sequence_at(bus, start)
    since = await _first_moment(bus, sequence)
    if since is None:
        raise OperatorError("The stream holds no fact from there on.")
    try:
        forgotten = await ask(bus, question(since=since))
    except (NoAnswerError, LateAnswerError):
        raise OperatorError(
            f"The worker of {name.partition('-')[0]} does not answer; nothing was done. Is it up?"
        ) from None
    # A fact of that moment may stand before the sequence: it was published after it happened.
    first = min(sequence, await _sequence_at(bus, since - CLOCKS_DIFFER))
    return {**await replay(bus, name, first), "forgotten": forgotten.facts, "since": since}


async def _first_moment(bus: Bus, sequence: int) -> datetime | None:
    """When the first fact of any producer from there on happened; each one's are in order."""
    found = []
    for producer in PRODUCERS:
        with suppress(NotFoundError):
            subject = f"stitch.{producer}.>"
            first = await bus.js.get_msg(STREAM, seq=sequence, subject=subject, next=True)
            found.append(Address.read(first.headers or {}).occurred_at)
    return min(found, default=None)


def _check_version(bus: Bus) -> None:
    server = bus.client.connected_server_version
    if (server.major, server.minor) < RESETS_SINCE:
        raise OperatorError(
            f"Replay needs nats-server 2.14 or newer (ADR-60); this is {server.major}."
            f"{server.minor}. There, delete the consumer instead: its worker makes it again, and "
            "all is read from the beginning."
        )


async def _sequence_at(bus: Bus, moment: datetime) -> int:
    """Find the first message since a moment: the broker works it out for any consumer."""
    config = ConsumerConfig(
        deliver_policy=DeliverPolicy.BY_START_TIME,
        opt_start_time=moment,
        ack_policy=AckPolicy.NONE,
        inactive_threshold=5,
        mem_storage=True,
        num_replicas=1,
    )
    probe = await bus.js.add_consumer(STREAM, config)
    await bus.js.delete_consumer(STREAM, probe.name)
    return (probe.delivered.stream_seq if probe.delivered else 0) + 1
