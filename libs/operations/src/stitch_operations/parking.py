"""Parked messages: look at them, and give them to their consumer again."""

import re
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nats.js.api import RawStreamMsg
from nats.js.errors import BadRequestError, NotFoundError

from stitch_common.bus.connection import Bus
from stitch_common.bus.topology import DEAD_LETTERS
from stitch_operations.errors import OperatorError
from stitch_operations.streams import get_consumer, no_such_consumer

PARKED, REDRIVEN = "stitch._dlq.", "stitch._redrive."
_WORD = re.compile(r"[\w-]+")
"""Of a subject; anything else would be a wildcard, or several words."""


@dataclass(frozen=True, slots=True)
class Parked:
    """A message that its consumer has given up."""

    number: int
    """Its sequence in STITCH_DLQ, by which operators call it."""
    consumer: str
    subject: str
    parked_at: datetime | None
    headers: dict[str, str]
    payload: bytes

    @classmethod
    def read(cls, message: RawStreamMsg) -> "Parked":
        consumer, _, subject = (message.subject or "").removeprefix(PARKED).partition(".")
        return cls(
            number=message.seq or 0,
            consumer=consumer,
            # What came without an envelope and was redriven already names that way, too.
            subject=subject.removeprefix(f"{REDRIVEN}{consumer}."),
            parked_at=message.time,
            headers=message.headers or {},
            payload=message.data or b"",
        )

    def row(self) -> dict[str, Any]:
        return {
            "number": self.number,
            "consumer": self.consumer,
            "subject": self.subject,
            "parked_at": self.parked_at,
            "tries": int(self.headers.get("stitch-delivered", 0)),
            "error": self.headers.get("stitch-error"),
        }

    def details(self) -> dict[str, Any]:
        return {
            **self.row(),
            **{name: value for name, value in self.headers.items() if name[:7] != "stitch-"},
            "payload": self.payload.decode(errors="replace"),
        }

    def original_headers(self) -> dict[str, str]:
        return {
            name: value
            for name, value in self.headers.items()
            if not name.startswith(("stitch-", "Nats-"))
        }


async def parked_by(bus: Bus, consumer: str | None = None) -> list[Parked]:
    """Give the parked messages, the oldest first: of all consumers, or of one that there is or was.

    OperatorError for a name that no consumer has and under which nothing is parked.
    """
    if consumer is not None and not _WORD.fullmatch(consumer):
        raise no_such_consumer(consumer)
    subject = f"{PARKED}{consumer or '*'}.>"
    found: list[Parked] = []
    with suppress(NotFoundError):
        while True:
            number = found[-1].number + 1 if found else 1
            message = await bus.js.get_msg(DEAD_LETTERS, seq=number, subject=subject, next=True)
            found.append(Parked.read(message))
    if consumer is not None and not found:
        await get_consumer(bus, consumer)
    return found


async def get_parked(bus: Bus, number: int) -> Parked:
    try:
        return Parked.read(await bus.js.get_msg(DEAD_LETTERS, seq=number))
    except (NotFoundError, BadRequestError):
        raise OperatorError(
            f"No message is parked under {number}; `stitch dlq list` lists them."
        ) from None


async def redrive(bus: Bus, parked: Parked) -> dict[str, Any]:
    """Give it to its consumer, and to no other, once; a second call changes nothing."""
    await get_consumer(bus, parked.consumer)
    subject = f"{REDRIVEN}{parked.consumer}.{parked.subject}"
    moment = parked.parked_at.timestamp() if parked.parked_at else 0
    # The stream knows this id for a day: a command that is cut off here can be given again.
    once = {"Nats-Msg-Id": f"redrive/{parked.number}/{moment}"}
    stored = await bus.js.publish(
        subject, parked.payload, timeout=10, headers=parked.original_headers() | once
    )
    await bus.js.delete_msg(DEAD_LETTERS, parked.number)
    return {
        "number": parked.number,
        "consumer": parked.consumer,
        "subject": parked.subject,
        "stream_sequence": stored.seq,
    }
