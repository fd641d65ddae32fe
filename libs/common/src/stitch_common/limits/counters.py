"""Limits that all processes count together, with JetStream counters (ADR-49).

While NATS is away each process counts alone, against a tighter limit of its own, and says so in
`stitch_limits_alone_total`.
"""

import asyncio
import json
import time
from collections.abc import Sequence
from contextlib import suppress
from hashlib import blake2b
from typing import NamedTuple

from nats.errors import Error as NatsError
from prometheus_client import Counter

from stitch_common.bus.connection import Bus
from stitch_common.bus.topology import LIMITS
from stitch_common.clock import Clock
from stitch_common.limits.asking import Asking, Question
from stitch_common.limits.local import LocalCounter, Recent
from stitch_common.limits.models import Limit, Verdict
from stitch_common.limits.windows import Place, counts_until, judge, one_in, place_of

ANSWER_SECONDS = 0.5
"""More than any answer takes on a machine that is merely busy."""
REST_SECONDS = 1.0
"""After a count that did not come, one try in so long asks again, and no other waits."""

NOTHING = b'{"val": "0"}'
"""What an epoch has counted of which there is no counter."""

HITS = Counter(
    "stitch_limits_total", "Tries by limit and by what became of them", ["limit", "outcome"]
)
ALONE = Counter(
    "stitch_limits_alone_total", "Counts that a process made alone, without NATS", ["limit"]
)

Hit = tuple[Limit, str]
"""A limit, and the key of who or what is limited; it may be anything and never is on the bus."""


class _Try(NamedTuple):
    """A hit, and where it is counted."""

    limit: Limit
    key: str
    subject: str
    """Of its counters, without their epochs."""
    place: Place

    def addition(self, times: int = 1) -> Question:
        """To the count of this moment."""
        number = times * one_in(self.place.bucket)
        return Question(f"{self.subject}.{self.place.epoch}", {"Nats-Incr": str(number)})

    def look_back(self) -> Question:
        """At what the epoch before has counted."""
        counter = f"{self.subject}.{self.place.epoch - 1}"
        return Question(f"$JS.API.DIRECT.GET.{LIMITS}.{counter}")

    def judge(self, current: int, earlier: int) -> Verdict:
        """What these two epochs say, this one with one more."""
        counts = counts_until(self.place, current, earlier)
        seconds, elapsed = self.limit.seconds, self.place.elapsed
        return judge(counts, self.limit.most, seconds=seconds, elapsed=elapsed)


class SharedCounters:
    """Counts over all processes of the house: never more than the limit in any of its windows."""

    def __init__(self, bus: Bus, clock: Clock) -> None:
        self._bus = bus
        self._asking = Asking(bus)
        self._clock = clock
        self._own: dict[str, LocalCounter] = {}
        self._refused: Recent[float] = Recent()
        """Until when there is no use in asking again."""
        self._not_before = 0.0
        self._is_in_doubt = False

    async def hit(self, limit: Limit, key: str) -> Verdict:
        """Count one for this key; a refusal counts nothing."""
        return (await self.hit_all([(limit, key)]))[0]

    async def hit_all(self, hits: Sequence[Hit]) -> list[Verdict]:
        """Count one for each at the same time, or for none if one of them refuses."""
        now = self._clock().timestamp()
        tries = [
            _Try(limit, key, _subject(limit, key), place_of(now, limit.seconds))
            for limit, key in hits
        ]
        verdicts = self._known_refusals(tries, now) or await self._ask(tries, now)
        is_admitted = all(verdict.is_admitted for verdict in verdicts)
        for (limit, _), verdict in zip(hits, verdicts, strict=True):
            if is_admitted or not verdict.is_admitted:
                HITS.labels(limit.name, "admitted" if is_admitted else "refused").inc()
        return verdicts

    async def forget(self, limits: Sequence[Limit], key: str) -> None:
        """Count anew for this key, in all processes; no other limit may know it."""
        for limit in limits:
            self._own_of(limit).whole_at.forget(key)
            self._refused.forget(_subject(limit, key))
        if not self._may_ask():
            return
        of_all = f"stitch._limits.*.*.{_digest(key)}.*"
        with suppress(NatsError, TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                await self._bus.js.purge_stream(LIMITS, subject=of_all)

    def _known_refusals(self, tries: Sequence[_Try], now: float) -> list[Verdict]:
        """What is known already to be refused: a flood of tries costs the broker nothing."""
        waits = [self._refused.get(each.subject, now) - now for each in tries]
        if not any(wait > 0 for wait in waits):
            return []
        return [Verdict(is_admitted=wait <= 0, remaining=0, wait=max(wait, 0.0)) for wait in waits]

    async def _ask(self, tries: Sequence[_Try], now: float) -> list[Verdict]:
        # Count alone always, so that a process that is left alone knows what it has admitted.
        alone = [self._own_of(each.limit).hit(each.key) for each in tries]
        verdicts = await self._count(tries) or alone
        if all(verdict.is_admitted for verdict in verdicts):
            return verdicts
        for each, verdict in zip(tries, verdicts, strict=True):
            if not verdict.is_admitted:
                self._refused.put(each.subject, now + verdict.wait)
            if verdict.is_shared:
                await self._take_back(each)
        return verdicts

    def _own_of(self, limit: Limit) -> LocalCounter:
        if limit.name not in self._own:
            self._own[limit.name] = LocalCounter(limit.alone(), lambda: self._clock().timestamp())
        return self._own[limit.name]

    async def _count(self, tries: Sequence[_Try]) -> list[Verdict]:
        """None at all where NATS does not know."""
        verdicts = await self._count_together(tries) if self._may_ask() else []
        if not verdicts:
            for each in tries:
                ALONE.labels(each.limit.name).inc()
        return verdicts

    def _may_ask(self) -> bool:
        if not self._bus.connected.is_set() or time.monotonic() < self._not_before:
            return False
        if self._is_in_doubt:
            self._not_before = time.monotonic() + REST_SECONDS
        return True

    async def _count_together(self, tries: Sequence[_Try]) -> list[Verdict]:
        additions = [each.addition() for each in tries]
        looks = [each.look_back() for each in tries if each.place.looks_back]
        try:
            answers = await self._asking.ask([*additions, *looks], within=ANSWER_SECONDS)
            current = [_number(answer) for answer in answers[: len(tries)]]
            earlier = iter([_number(answer or NOTHING) for answer in answers[len(tries) :]])
        except (NatsError, TimeoutError, KeyError, ValueError):
            self._is_in_doubt, self._not_before = True, time.monotonic() + REST_SECONDS
            return []
        self._is_in_doubt, self._not_before = False, 0.0
        return [
            each.judge(number, next(earlier) if each.place.looks_back else 0)
            for each, number in zip(tries, current, strict=True)
        ]

    async def _take_back(self, each: _Try) -> None:
        """Nobody waits for it: what was refused is not counted by others either."""
        with suppress(NatsError):
            subject, headers = each.addition(-1)
            await self._bus.client.publish(subject, b"", headers=headers)


def _number(answer: bytes) -> int:
    return int(json.loads(answer)["val"])


def _subject(limit: Limit, key: str) -> str:
    return f"stitch._limits.{limit.name}.{int(limit.seconds)}.{_digest(key)}"


def _digest(key: str) -> str:
    return blake2b(key.encode(), digest_size=12).hexdigest()
