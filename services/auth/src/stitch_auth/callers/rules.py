"""Whose address counts."""

from collections.abc import Sequence
from ipaddress import IPv4Network, IPv6Network

from stitch_common.limits.networks import UNKNOWN, parsed

Network = IPv4Network | IPv6Network


def client_address(peer: str | None, forwarded: str | None, trusted: Sequence[Network]) -> str:
    """The peer's own address, unless the peer is a trusted proxy that names another one.

    Of several forwarded addresses the last counts: a client can write all but that one.
    """
    address = parsed(peer)
    if address is not None and forwarded and any(address in network for network in trusted):
        address = parsed(forwarded.rpartition(",")[2]) or address
    return str(address) if address is not None else UNKNOWN
