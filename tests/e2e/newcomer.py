"""Somebody new, whose account nobody else uses: it may be logged out, renamed and locked."""

from dataclasses import dataclass

import httpx
from tests.e2e.journey import Mailbox, Person, link_in, unique

PASSWORD = "correct horse battery staple 42"


@dataclass(frozen=True, slots=True)
class Newcomer:
    """A verified account."""

    id: int
    username: str

    def log_in(self, gateway: httpx.Client) -> Person:
        return Person(gateway, self.username, PASSWORD)


def register(gateway: httpx.Client, mailbox: Mailbox, name: str) -> Newcomer:
    username = unique(name)
    address = f"{username}@example.org"
    account = {"email": address, "username": username, "password": PASSWORD, "full_name": name}
    gateway.post("/api/auth/register", json=account).raise_for_status()
    token = link_in(mailbox.wait_for(address, ""), "/verify-email/").rsplit("/", 1)[1]
    gateway.post("/api/auth/verify-email", json={"token": token}).raise_for_status()
    return Newcomer(_id_of(gateway, username), username)


def _id_of(gateway: httpx.Client, username: str) -> int:
    me = Person(gateway, username, PASSWORD).get("/api/auth/me").raise_for_status()
    return int(me.json()["id"])
