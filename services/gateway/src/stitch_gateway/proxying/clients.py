"""The address of a client, as far as somebody we trust has seen it."""

from collections.abc import Iterable
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address

Address = IPv4Address | IPv6Address
UNKNOWN = "unknown"
Networks = tuple[IPv4Network | IPv6Network, ...]
REMEMBERED = 10_000
WORTH_REMEMBERING = 200
"""Bytes: clients can write whole heads into it, which must not fill the memory."""


def client_address(peer: str | None, forwarded_for: bytes, trusted: Networks) -> str:
    """The nearest address that no trusted proxy has; what stands left of it is hearsay."""
    if not trusted:
        return _known(peer, b"", trusted)
    find = _known if len(forwarded_for) <= WORTH_REMEMBERING else _nearest
    return find(peer, forwarded_for, trusted)


def _nearest(peer: str | None, forwarded_for: bytes, trusted: Networks) -> str:
    nearest = _address(peer or "")
    if nearest is None:
        return UNKNOWN
    for entry in reversed(forwarded_for.decode("latin-1").split(",")):
        if not _is_in(nearest, trusted):
            break
        told = _address(entry.strip())
        if told is None:
            break
        nearest = told
    return str(nearest)


_known = lru_cache(maxsize=REMEMBERED)(_nearest)


def _address(text: str) -> Address | None:
    try:
        address = ip_address(text)
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def _is_in(address: Address, networks: Iterable[IPv4Network | IPv6Network]) -> bool:
    return any(address in network for network in networks)
