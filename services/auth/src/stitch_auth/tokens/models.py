"""What is granted."""

from dataclasses import dataclass

from stitch_auth.sessions.models import Delivery


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
