"""Replay: a consumer reads a part of the stream again; inboxes make the repeats harmless."""

from datetime import UTC, datetime
from typing import Any

from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

from stitch_common.bus.connection import Bus
from stitch_common.bus.topology import STREAM
from stitch_operations.errors import OperatorError
from stitch_operations.streams import get_consumer

Start = int | datetime


def start_of(text: str) -> Start:
    """Read a sequence, `all`, or an ISO 8601 moment; without a zone it is in UTC."""
    if text == "all":
        return 1
    if text.isdecimal():
        return max(1, int(text))
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise OperatorError(
            f"--from takes a sequence, `all`, or a moment like 2026-03-02T12:00; not {text!r}."
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def replay(bus: Bus, name: str, start: Start) -> dict[str, Any]:
    """Let the consumer begin anew at `start`, or earlier where it has not settled all before."""
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
