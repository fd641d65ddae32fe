"""Which addresses are one caller (S44)."""

import pytest

from stitch_common.limits.networks import network_of


@pytest.mark.parametrize(
    "address",
    [
        "2001:db8:0:1::1",
        "2001:DB8:0:1::ffff",
        "2001:0db8:0000:0001:ffff:ffff:ffff:ffff",
        "2001:db8:0:1::1%eth0",
        " 2001:db8:0:1:0:0:0:2 ",
        "2001:DB8:0:1::",
    ],
)
def test_however_it_is_written_an_ipv6_network_is_one_caller(address: str) -> None:
    """S44: a /64, in canonical spelling."""
    assert network_of(address) == "2001:db8:0:1::/64"


@pytest.mark.parametrize("address", ["203.0.113.7", "::ffff:203.0.113.7", "::FFFF:cb00:7107"])
def test_an_ipv4_address_is_one_caller_also_in_ipv6(address: str) -> None:
    assert network_of(address) == "203.0.113.7"


@pytest.mark.parametrize("address", ["", "unknown", "203.0.113.7:80", "0203.0.113.7", "x" * 900])
def test_what_is_no_address_is_one_caller(address: str) -> None:
    assert network_of(address) == "unknown"
