"""What is granted."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from stitch_auth.sessions.models import Delivery
from stitch_auth.tokens.rules import Seeded


class Granted(Seeded, Protocol):
    """A session that gets tokens."""

    @property
    def scope(self) -> str: ...
    @property
    def delivery(self) -> Delivery: ...
    @property
    def idle_expires_at(self) -> datetime: ...


@dataclass(frozen=True, slots=True)
class Grant:
    """What somebody who is logged in gets."""

    access_token: str
    expires_in: int
    scope: str
    refresh_token: str
    delivery: Delivery
    refresh_expires_in: int
    device_mark: str = ""
    """Of a device that has just logged in, for the next time."""


@dataclass(frozen=True, slots=True)
class ClientGrant:
    """What a program gets for an API key: nothing that lasts."""

    access_token: str
    expires_in: int
    scope: str
