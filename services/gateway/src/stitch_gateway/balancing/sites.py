"""Names of services and the addresses behind them, asked of DNS again and again."""

import asyncio
import socket
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Protocol
from urllib.parse import urlsplit

PORTS = {"http": 80, "https": 443}

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]
"""The addresses of a name; OSError if it has none."""


@dataclass(frozen=True, slots=True)
class Site:
    """One configured URL."""

    url: str
    host: str
    port: int
    is_address: bool
    """It names no name, so there is nothing to look up."""

    @classmethod
    def of(cls, url: str) -> "Site":
        parts = urlsplit(url)
        host = parts.hostname or ""
        return cls(url, host, parts.port or PORTS[parts.scheme], _is_address(host))


@dataclass(frozen=True, slots=True)
class Place:
    """One address that a URL leads to."""

    site: Site
    address: str

    def __str__(self) -> str:
        return f"{self.address}:{self.site.port}"


class Knock(Protocol):
    """Whether somebody listens there."""

    async def __call__(self, place: Place) -> bool: ...


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True


async def resolve_by_system(host: str, port: int) -> list[str]:
    """As the machine resolves names; only IPv4 where there is both, lest each place count twice."""
    found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    families = {family for family, *_ in found}
    family = socket.AF_INET if socket.AF_INET in families else socket.AF_INET6
    return sorted({str(at[0]) for kind, _, _, _, at in found if kind == family})


async def knock_by_connecting(place: Place, *, within: float) -> bool:
    try:
        async with asyncio.timeout(within):
            _, writer = await asyncio.open_connection(place.address, place.site.port)
    except OSError:  # TimeoutError is one
        return False
    writer.close()
    return True
