"""Limits that all processes count together, with JetStream counters (ADR-49).

While NATS is away each process counts alone, against a tighter limit of its own, and says so in
`stitch_limits_alone_total`. Nothing is ever refused because the count is not known.
"""

import hashlib
import json
import time
from dataclasses import dataclass
from datetime import timedelta

from nats.errors import Error as NatsError
from prometheus_client import Counter

from stitch_common.bus.connection import Bus
from stitch_common.clock import Clock

ANSWER_SECONDS = 0.25
REST_SECONDS = 1.0
"""After a count that did not come, so long nobody waits for the next one."""

MOST_REMEMBERED = 10_000

ALONE = Counter(
    "stitch_limits_alone_total", "Counts that a process made alone, without NATS", ["limit"]
)


@dataclass(frozen=True, slots=True)
class Limit:
    """So many in a window of so long, counted over all processes."""

    name: str
    """A word of the metric and of a subject: `log-in`."""
    most: int
    window: timedelta
    most_alone: int
    """What one process admits by itself while NATS is away."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether this one is still within the limit, and when the next window begins."""

    is_admitted: bool
    remaining: int
    retry_after: timedelta
    is_shared: bool


class SharedCounters:
    """Counts over all processes of the house, in windows that begin at the same moment for all."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._clock = clock
        self._own: dict[str, int] = {}
        self._not_before = 0.0

    async def hit(self, limit: Limit, key: str) -> Verdict:
        """Count one for this key; keys may be anything, and never appear on the bus."""
        seconds = limit.window.total_seconds()
        window, elapsed = divmod(self._clock().timestamp(), seconds)
        digest = hashlib.blake2b(key.encode(), digest_size=12).hexdigest()
        subject = f"stitch._limits.{limit.name}.{int(seconds)}.{int(window)}.{digest}"
        alone = self._count_alone(subject)
        together = await self._count_together(subject)
        if together is None:
            ALONE.labels(limit.name).inc()
        count, most = (alone, limit.most_alone) if together is None else (together, limit.most)
        return Verdict(
            is_admitted=count <= most,
            remaining=max(0, most - count),
            retry_after=timedelta(seconds=seconds - elapsed),
            is_shared=together is not None,
        )

    def _count_alone(self, subject: str) -> int:
        """Count always, so that a process that is left alone knows what it has admitted."""
        count = self._own.pop(subject, 0) + 1
        self._own[subject] = count  # the latest stands last
        while len(self._own) > MOST_REMEMBERED:
            del self._own[next(iter(self._own))]
        return count

    async def _count_together(self, subject: str) -> int | None:
        if not self._bus.connected.is_set() or time.monotonic() < self._not_before:
            return None
        try:
            answer = await self._bus.client.request(
                subject, b"", timeout=ANSWER_SECONDS, headers={"Nats-Incr": "1"}
            )
            return int(json.loads(answer.data)["val"])
        except (NatsError, KeyError, ValueError):
            self._not_before = time.monotonic() + REST_SECONDS
            return None
