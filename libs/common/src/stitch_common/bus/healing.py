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
    if await holds(bus, cursor):
        return cursor
    healed = await _last_survivor(bus, outbox, service)
    if (healed.txid, healed.id) > (cursor.txid, cursor.id):
        healed = Cursor()  # it came after the loss, and says nothing about what was before it
    log.warning("stream_lost_facts", service=service, had=cursor, goes_on_from=healed)
    metrics.HEALS.labels(service).inc()
    await outbox.move(healed)
    return healed


async def holds(bus: Bus, cursor: Cursor) -> bool:
    """Whether the cursor's fact, if it has one, stands in the stream where it stood."""
    if cursor.fact_id is None:
        return True
    try:
        message = await bus.js.get_msg(STREAM, seq=cursor.stream_sequence)
    except NotFoundError:
        return False
    return (message.headers or {}).get("ce-id") == str(cursor.fact_id)


async def _last_survivor(bus: Bus, outbox: OutboxRows, service: str) -> Cursor:
    try:
        message = await bus.js.get_last_msg(STREAM, f"stitch.{service}.>")
    except NotFoundError:
        return Cursor()
    fact_id = UUID((message.headers or {})["ce-id"])
    position = await outbox.find(fact_id)
    return Cursor(*position, message.seq or 0, fact_id) if position else Cursor()
