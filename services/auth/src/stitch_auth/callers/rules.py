"""Whose address counts, and which addresses belong to one network."""

from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

UNKNOWN = "unknown"
IPV6_PREFIX = 64
"""What one customer gets at least (RFC 6177): below it addresses are free."""


def client_address(peer: str | None, forwarded: str | None, trusted: Sequence[Network]) -> str:
    """The peer's own address, unless the peer is a trusted proxy that names another one.

    Of several forwarded addresses the last counts: a client can write all but that one.
    """
    address = _parse(peer)
    if address is not None and forwarded and any(address in network for network in trusted):
        address = _parse(forwarded.rpartition(",")[2]) or address
    return str(address) if address is not None else UNKNOWN


def network_of(address: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 address, in canonical spelling."""
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(ip_network((parsed, IPV6_PREFIX), strict=False))
    return str(parsed) if parsed is not None else UNKNOWN


def _parse(text: str | None) -> Address | None:
    try:
        address = ip_address((text or "").strip())
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # Without its zone, and an IPv4 client of a dual-stack socket as what it is.
        return address.ipv4_mapped or IPv6Address(int(address))
    return address
