"""When a broker has lost acknowledged facts, the outbox publishes them again."""

from uuid import UUID

import structlog
from nats.js.errors import NotFoundError

from stitch_common.bus import metrics
from stitch_common.bus.connection import Bus
from stitch_common.bus.repository import Cursor, OutboxRows
from stitch_common.bus.topology import STREAM, apply

log = structlog.get_logger(__name__)


async def resume(outbox: OutboxRows, service: str) -> Cursor:
    """Give the stored cursor, after mending what a restore into another cluster has upset.

    Transactions are counted from below again there: new facts would never come behind the cursor,
    and facts that waited would go on waiting until the count has caught up.
    """
    if await outbox.mend_order():
        log.warning("outbox_was_restored", service=service)
        metrics.RESTORES.labels(service).inc()
    return await outbox.cursor()


async def heal(bus: Bus, outbox: OutboxRows, service: str) -> Cursor:
    """Give the cursor to go on from: where it stood, or after the last fact that has survived.

    An emptied stream is refilled with all that the outbox still has. What the stream already
    holds it recognises by id, and consumers by their inboxes.
    """
    cursor = await outbox.cursor()
    await apply(bus)  # a store that was lost has lost all streams
    if cursor.fact_id is None or await _holds(bus, cursor.stream_sequence, cursor.fact_id):
        return cursor
    survivor = await _last_fact(bus, service)
    healed = await _cursor_at(outbox, *survivor) if survivor else Cursor()
    log.warning("stream_lost_facts", service=service, had=cursor, goes_on_from=healed)
    metrics.HEALS.labels(service).inc()
    await outbox.move(healed)
    return healed


async def _holds(bus: Bus, sequence: int, fact_id: UUID) -> bool:
    try:
        message = await bus.js.get_msg(STREAM, seq=sequence)
    except NotFoundError:
        return False
    return (message.headers or {}).get("ce-id") == str(fact_id)


async def _last_fact(bus: Bus, service: str) -> tuple[int, UUID] | None:
    try:
        message = await bus.js.get_last_msg(STREAM, f"stitch.{service}.>")
    except NotFoundError:
        return None
    return message.seq or 0, UUID((message.headers or {})["ce-id"])


async def _cursor_at(outbox: OutboxRows, sequence: int, fact_id: UUID) -> Cursor:
    position = await outbox.find(fact_id)
    return Cursor(*position, sequence, fact_id) if position else Cursor()
