import tracemalloc
from ipaddress import IPv4Network, IPv6Network, ip_network

import pytest

from stitch_gateway.proxying.clients import client_address

TRUSTED = (ip_network("10.0.0.0/8"), ip_network("fd00::/8"))


@pytest.mark.parametrize(
    ("peer", "told", "address"),
    [
        ("203.0.113.9", b"", "203.0.113.9"),
        ("203.0.113.9", b"198.51.100.1", "203.0.113.9"),
        ("10.0.0.1", b"198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", b"1.2.3.4, 198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", b"1.2.3.4, nonsense", "10.0.0.1"),
        ("10.0.0.1", b"", "10.0.0.1"),
        ("::ffff:10.0.0.1", b"2001:db8::1", "2001:db8::1"),
        ("::ffff:203.0.113.9", b"", "203.0.113.9"),
        (None, b"198.51.100.1", "unknown"),
        ("a-unix-socket", b"198.51.100.1", "unknown"),
    ],
)
def test_the_nearest_address_that_nobody_we_trust_has(
    peer: str | None, told: bytes, address: str
) -> None:
    assert client_address(peer, told, TRUSTED) == address


@pytest.mark.parametrize("trusted", [TRUSTED, ()])
def test_what_clients_write_into_the_field_does_not_fill_the_memory(
    trusted: tuple[IPv4Network | IPv6Network, ...],
) -> None:
    tracemalloc.start()

    for number in range(1000):
        assert client_address("10.0.0.1", b"x" * 10_000 + b"%d" % number, trusted) == "10.0.0.1"

    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 1_000_000
