"""Nobody learns who has an account: not by an answer, not by its time (S46).

Answers to addresses that are known and that are not are asked for in turns, 500 each. No answer may
come before its step is over. Those that come within the next are compared: the time tells them
apart if one who sees only times guesses right more often than by a coin, so that the probability
that a known one takes longer than an unknown one (Mann and Whitney) is far from a half. On a busy
machine some work takes longer than the step; that must not happen to one kind only.
"""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from time import perf_counter
from typing import Any

import httpx
import pytest
from services.auth.tests.conftest import PASSWORD, People, Person, Wire, Wired, settings_with

from stitch_common.database import Database
from stitch_common.testing.clock import SettableClock

SAMPLES = 500
SHORTEST, LONGEST = 0.025, 0.150
TELLING = 0.1
"""How far from a half; by chance it is 0.02 (one standard deviation) with 500 samples each."""
ONE_SIDED = 0.25
"""How much more often the answers of one kind may be late."""
FEWEST = 50
"""What can be compared at all, if this machine does hardly anything in time."""
PASSING = {"x-request-id", "date"}

Ask = Callable[[bool], Awaitable[httpx.Response]]


@dataclass
class Group:
    """The answers to one kind of question."""

    seconds: list[float] = field(default_factory=list)
    answers: set[tuple[Any, ...]] = field(default_factory=set)

    def in_time(self, step: float) -> list[float]:
        return [each for each in self.seconds if each < 2 * step]

    def late(self, step: float) -> float:
        """Which part took more than a step."""
        return 1 - len(self.in_time(step)) / len(self.seconds)

    def add(self, answer: httpx.Response, seconds: float) -> None:
        body = answer.json()
        body.pop("request_id", None)
        headers = {k: v for k, v in answer.headers.items() if k not in PASSING}
        self.answers.add((answer.status_code, str(body), tuple(sorted(headers.items()))))
        self.seconds.append(seconds)


def longer(first: list[float], second: list[float]) -> float:
    """How probable it is that one of the first takes longer than one of the second."""
    order = sorted([(s, True) for s in first] + [(s, False) for s in second])
    ranks = sum(rank for rank, (_, is_first) in enumerate(order, start=1) if is_first)
    pairs = len(first) * len(second)
    return (ranks - len(first) * (len(first) + 1) / 2) / pairs


NUMBERS = count(1)
"""Names are never used twice, whichever house they are for."""


class House:
    """The service, and somebody who is known."""

    def __init__(self, wired: Wired, clock: SettableClock) -> None:
        self._wired = wired
        self._clock = clock
        self._people = People(wired)
        self._numbers = NUMBERS
        self._known: list[Person] = []
        self._headers: dict[str, str] = {}

    async def fill(self) -> None:
        self._known = [await self._people.make(username=f"known{next(NUMBERS)}") for _ in range(10)]
        self._headers = await self._people.headers(self._known[0])

    async def ask(self, how: str, *, known: bool) -> httpx.Response:
        ask: Ask = getattr(self, how)
        return await ask(known)

    def somebody(self) -> Person:
        return self._known[next(self._numbers) % len(self._known)]

    def address(self, *, known: bool) -> str:
        return self.somebody().email if known else f"nobody{next(self._numbers)}@example.com"

    async def log_in(self, known: bool) -> httpx.Response:  # noqa: FBT001 - as all these
        name = self.somebody().username if known else f"nobody{next(self._numbers)}"
        form = {"username": name, "password": "a-wrong-password"}
        return await self._wired.client.post("/api/auth/token", data=form)

    async def register(self, known: bool) -> httpx.Response:  # noqa: FBT001 - as above
        name = f"new{next(self._numbers)}"
        wish = {"email": self.address(known=known), "username": name, "password": PASSWORD}
        return await self._wired.client.post("/api/auth/register", json=wish)

    async def forget(self, known: bool) -> httpx.Response:  # noqa: FBT001 - as above
        wish = {"email": self.address(known=known)}
        return await self._wired.client.post("/api/auth/password-reset", json=wish)

    async def resend(self, known: bool) -> httpx.Response:  # noqa: FBT001 - as above
        wish = {"email": self.address(known=known)}
        return await self._wired.client.post("/api/auth/verify-email/resend", json=wish)

    async def change_email(self, known: bool) -> httpx.Response:  # noqa: FBT001 - as above
        wish = {"email": self.address(known=known), "password": PASSWORD}
        return await self._wired.client.post("/api/auth/me/email", json=wish, headers=self._headers)

    async def rest(self, how: str) -> None:
        """Let every cool-down pass; a token lasts for some of them."""
        self._clock.advance(timedelta(minutes=2))
        if how == "change_email" and next(self._numbers) % 5 == 0:
            self._headers = await self._people.headers(self._known[0])


HouseWith = Callable[[float], Awaitable[House]]


@pytest.fixture
def house_with(wire: Wire, busy_database: Database, clock: SettableClock) -> HouseWith:
    """The house with this step, in seconds."""

    async def make(step: float) -> House:
        many = 1_000_000
        settings = settings_with(
            mail_answer_after=timedelta(seconds=step),
            registration_limit=many,
            login_limit=many,
            login_limit_per_network=many,
            login_limit_per_hour=many,
        )
        house = House(await wire(busy_database, settings), clock)
        await house.fill()
        return house

    return make


async def compare(house: House, how: str, samples: int) -> dict[bool, Group]:
    dice = random.Random(7)  # noqa: S311 - turns, not secrets
    groups = {True: Group(), False: Group()}
    for _ in range(samples):
        await house.rest(how)
        for known in dice.sample([True, False], 2):
            before = perf_counter()
            answer = await house.ask(how, known=known)
            groups[known].add(answer, perf_counter() - before)
    return groups


def tell(known: list[float], unknown: list[float]) -> float:
    return abs(longer(known, unknown) - 0.5)


async def fitting_step(house_with: HouseWith, how: str) -> float:
    """Longer than the work takes at this moment, as in production, where it is 200 ms."""
    groups = await compare(await house_with(0), how, 20)
    seconds = sorted(groups[True].seconds + groups[False].seconds)
    return min(LONGEST, max(SHORTEST, 2.5 * seconds[-3]))


@pytest.mark.parametrize("how", ["log_in", "register", "forget", "resend", "change_email"])
async def test_answers_and_their_times_tell_nothing_about_accounts(
    how: str, house_with: HouseWith
) -> None:
    step = await fitting_step(house_with, how)

    groups = await compare(await house_with(step), how, SAMPLES)

    known, unknown = groups[True], groups[False]
    assert known.answers == unknown.answers
    assert len(known.answers) == 1
    assert min(known.seconds + unknown.seconds) >= step
    assert abs(known.late(step) - unknown.late(step)) < ONE_SIDED
    in_time = known.in_time(step), unknown.in_time(step)
    if min(map(len, in_time)) < FEWEST:
        pytest.skip(f"too busy: of {SAMPLES} answers each, {[len(each) for each in in_time]}")
    assert tell(*in_time) < TELLING


def test_the_comparison_would_notice_a_millisecond_in_the_noise_of_a_machine() -> None:
    dice = random.Random(7)  # noqa: S311 - noise, not secrets

    def noisy(more: float) -> list[float]:
        return [0.030 + more + dice.expovariate(500) for _ in range(SAMPLES)]

    assert tell(noisy(0.001), noisy(0)) > TELLING
    assert tell(noisy(0), noisy(0)) < TELLING
