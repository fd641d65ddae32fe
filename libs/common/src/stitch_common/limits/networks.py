"""Which addresses are counted as one caller."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

UNKNOWN = "unknown"
IPV6_PREFIX = 64
"""What one customer gets at least (RFC 6177): below it addresses are free."""


def parsed(text: str | None) -> IPv4Address | IPv6Address | None:
    """An address in the one form it has; None for anything else."""
    try:
        address = ip_address((text or "").strip())
    except ValueError:
        return None
    if isinstance(address, IPv6Address):
        # Without its zone, and an IPv4 client of a dual-stack socket as what it is.
        return address.ipv4_mapped or IPv6Address(int(address))
    return address


@lru_cache(maxsize=10_000)
def network_of(address: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 address, in canonical spelling."""
    found = parsed(address)
    if isinstance(found, IPv6Address):
        return str(ip_network((found, IPV6_PREFIX), strict=False))
    return str(found) if found is not None else UNKNOWN
