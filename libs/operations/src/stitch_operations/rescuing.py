"""The net below parking: messages that the broker gave up, because nobody lived to settle them."""

import json
from typing import Any

from nats.js.api import RawStreamMsg
from nats.js.errors import NotFoundError

from stitch_common.bus.connection import Bus
from stitch_common.bus.topology import ADVISORIES, DEAD_LETTERS, STREAM


async def rescue(bus: Bus) -> list[dict[str, Any]]:
    """Park every message that an advisory tells of; a second call changes nothing."""
    rescued = []
    state = (await bus.js.stream_info(ADVISORIES)).state
    for number in range(max(state.first_seq, 1), state.last_seq + 1):
        try:
            advisory = await bus.js.get_msg(ADVISORIES, seq=number)
        except NotFoundError:
            continue
        rescued.append(await _rescue_one(bus, json.loads(advisory.data or b"{}")))
        await bus.js.delete_msg(ADVISORIES, number)
    return rescued


async def _rescue_one(bus: Bus, told: dict[str, Any]) -> dict[str, Any]:
    row = {
        "consumer": told["consumer"],
        "sequence": told["stream_seq"],
        "tries": told["deliveries"],
    }
    try:
        message = await bus.js.get_msg(STREAM, seq=told["stream_seq"])
    except NotFoundError:
        return {**row, "is_parked": False}  # older than the stream keeps
    await _park(bus, message, told)
    return {**row, "is_parked": True}


async def _park(bus: Bus, message: RawStreamMsg, told: dict[str, Any]) -> None:
    consumer, headers = told["consumer"], message.headers or {}
    about = {
        "Nats-Msg-Id": f"{consumer}/{message.seq}/{told['id']}",
        "stitch-consumer": consumer,
        "stitch-subject": message.subject or "",
        "stitch-sequence": str(message.seq),
        "stitch-delivered": str(told["deliveries"]),
        "stitch-error": "the broker gave it up: nobody lived to settle it",
    }
    kept = {name: value for name, value in headers.items() if not name.startswith("Nats-")}
    subject = f"stitch._dlq.{consumer}.{headers.get('ce-type', message.subject)}"
    await bus.js.publish(
        subject, message.data or b"", stream=DEAD_LETTERS, timeout=10, headers=kept | about
    )
