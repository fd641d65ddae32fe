"""Known and unknown asked for in turns, and whether their answers' times tell them apart.

They do if one who sees only times guesses right more often than by a coin, so that the probability
that a known one takes longer than an unknown one (Mann and Whitney) is far from a half. No answer
may come before its step is over. On a busy machine some work takes longer than a step: what is
compared is how far an answer is past its last whole one, and if many take more than one, the step
is too short for this machine, and a longer one is tried.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import quantiles
from time import perf_counter
from typing import Any

import httpx
from services.auth.tests.evenness.house import Ask, House, HouseWith

SAMPLES = 500
"""How many of each kind there are at least."""
MOST_SAMPLES = 2000
"""How many there are when it is not clear yet."""
TELLING = 0.1
"""How far from a half; by chance it is 0.02 (one standard deviation) with 500 samples each."""
SHORTEST, USUAL, LONGEST = 0.025, 0.150, 0.6
"""Steps, in seconds; longer ones than usual are for machines that do hardly anything in time."""
SOME = 50
SELDOM = 0.25
"""How many answers may take more than one step; in production, with 200 ms, hardly any does."""
PASSING = {"x-request-id", "date"}


@dataclass
class Group:
    """The answers to one kind of question."""

    seconds: list[float] = field(default_factory=list)
    answers: set[tuple[Any, ...]] = field(default_factory=set)

    def add(self, answer: httpx.Response, seconds: float) -> None:
        body = answer.json()
        body.pop("request_id", None)
        headers = {k: v for k, v in answer.headers.items() if k not in PASSING}
        self.answers.add((answer.status_code, str(body), tuple(sorted(headers.items()))))
        self.seconds.append(seconds)


class Comparison:
    """Answers of one house to one question."""

    def __init__(self, house: House, ask: Ask, step: float) -> None:
        self.known, self.unknown = Group(), Group()
        self.step = step
        self._house = house
        self._ask = ask
        self._dice = random.Random(7)  # noqa: S311 - turns, not secrets

    @property
    def seconds(self) -> list[float]:
        return self.known.seconds + self.unknown.seconds

    @property
    def telling(self) -> float:
        return telling(self._past_steps(self.known), self._past_steps(self.unknown))

    @property
    def fits(self) -> bool:
        """Whether the work is usually done within one step."""
        late = sum(each >= 2 * self.step for each in self.seconds)
        return late <= SELDOM * max(len(self.seconds), SOME)

    async def go_on(self, pairs: int) -> None:
        """Ask for so many more of each kind, in turns that nobody foresees."""
        for _ in range(pairs):
            await self._house.rest()
            for is_known in self._dice.sample([True, False], 2):
                person = self._house.somebody(known=is_known)
                before = perf_counter()
                answer = await self._ask(self._house, person)
                seconds = perf_counter() - before
                (self.known if is_known else self.unknown).add(answer, seconds)

    async def complete(self) -> None:
        """Ask until there is enough to judge by, or the step turns out to be too short."""
        while self.fits and not self._is_enough():
            await self.go_on(SOME)

    def _past_steps(self, group: Group) -> list[float]:
        return [each % self.step if self.step else each for each in group.seconds]

    def _is_enough(self) -> bool:
        samples = len(self.known.seconds)
        return samples >= MOST_SAMPLES or (samples >= SAMPLES and self.telling < TELLING / 2)


async def compare(house_with: HouseWith, ask: Ask) -> Comparison:
    """Compare with a step that is long enough for this machine, as production's 200 ms are."""
    shortest = SHORTEST
    while shortest <= LONGEST:
        comparison = await _begun(house_with, ask, shortest)
        await comparison.complete()
        if comparison.fits:
            return comparison
        shortest = 2 * comparison.step
    raise AssertionError("answers take several steps, however long these are")


async def _begun(house_with: HouseWith, ask: Ask, shortest: float) -> Comparison:
    unrestrained = Comparison(await house_with(0), ask, 0)
    await unrestrained.go_on(SOME // 2)
    slow = quantiles(unrestrained.seconds, n=10)[-1]
    step = max(shortest, min(1.5 * slow, USUAL))
    return Comparison(await house_with(step), ask, step)


def telling(first: Sequence[float], second: Sequence[float]) -> float:
    """How far it is from a half how probably one of the first takes longer than of the second."""
    order = sorted([(s, True) for s in first] + [(s, False) for s in second])
    ranks = sum(rank for rank, (_, is_first) in enumerate(order, start=1) if is_first)
    longer = ranks - len(first) * (len(first) + 1) / 2
    return abs(longer / (len(first) * len(second)) - 0.5)


async def expect_nothing_is_told(house_with: HouseWith, ask: Ask) -> None:
    comparison = await compare(house_with, ask)

    assert comparison.known.answers == comparison.unknown.answers
    assert len(comparison.known.answers) == 1
    assert min(comparison.seconds) >= comparison.step
    assert comparison.telling < TELLING
