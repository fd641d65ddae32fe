"""Whose address counts (S44)."""

from ipaddress import ip_network

import pytest

from stitch_auth.callers.rules import client_address

PROXIES = (ip_network("127.0.0.0/8"), ip_network("10.1.0.0/16"))


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.9", None, "203.0.113.9"),
        ("203.0.113.9", "198.51.100.1", "203.0.113.9"),
        ("127.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.1.2.3", "1.1.1.1, 198.51.100.1", "198.51.100.1"),
        ("127.0.0.1", "nonsense", "127.0.0.1"),
        ("127.0.0.1", "", "127.0.0.1"),
        ("127.0.0.1", "2001:DB8::0:1", "2001:db8::1"),
        ("::ffff:203.0.113.9", None, "203.0.113.9"),
        (None, None, "unknown"),
        ("testclient", "198.51.100.1", "unknown"),
    ],
)
def test_only_a_trusted_proxy_says_who_the_client_is(
    peer: str | None, forwarded: str | None, address: str
) -> None:
    assert client_address(peer, forwarded, PROXIES) == address
