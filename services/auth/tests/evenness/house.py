"""The service with people in it, and the five questions that may tell nothing about them."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from itertools import count

import httpx
from services.auth.tests.conftest import PASSWORD, People, Person, Wired

from stitch_common.testing.clock import SettableClock

NUMBERS = count(1)
"""Names are never used twice, whichever house they are for."""


class House:
    """Everybody who is known, and anybody who is not."""

    def __init__(self, wired: Wired, clock: SettableClock) -> None:
        self._wired = wired
        self._clock = clock
        self._people = People(wired)
        self._known: list[Person] = []
        self._headers: dict[str, str] = {}

    async def fill(self) -> None:
        self._known = [await self._people.make(username=f"known{next(NUMBERS)}") for _ in range(10)]
        self._headers = await self._people.headers(self._known[0])

    def somebody(self, *, known: bool) -> Person:
        number = next(NUMBERS)
        if known:
            return self._known[number % len(self._known)]
        return Person(0, f"nobody{number}", f"nobody{number}@example.com")

    async def rest(self) -> None:
        """Let every cool-down pass; a token lasts for some of them."""
        self._clock.advance(timedelta(minutes=2))
        if next(NUMBERS) % 5 == 0:
            self._headers = await self._people.headers(self._known[0])

    async def log_in(self, person: Person) -> httpx.Response:
        form = {"username": person.username, "password": "a-wrong-password"}
        return await self._wired.client.post("/api/auth/token", data=form)

    async def register(self, person: Person) -> httpx.Response:
        name = f"new{next(NUMBERS)}"
        wish = {"email": person.email, "username": name, "password": PASSWORD}
        return await self._wired.client.post("/api/auth/register", json=wish)

    async def forget(self, person: Person) -> httpx.Response:
        wish = {"email": person.email}
        return await self._wired.client.post("/api/auth/password-reset", json=wish)

    async def resend(self, person: Person) -> httpx.Response:
        wish = {"email": person.email}
        return await self._wired.client.post("/api/auth/verify-email/resend", json=wish)

    async def change_email(self, person: Person) -> httpx.Response:
        wish = {"email": person.email, "password": PASSWORD}
        return await self._wired.client.post("/api/auth/me/email", json=wish, headers=self._headers)


Ask = Callable[[House, Person], Awaitable[httpx.Response]]
HouseWith = Callable[[float], Awaitable[House]]
"""Gives the house with this step, in seconds."""
