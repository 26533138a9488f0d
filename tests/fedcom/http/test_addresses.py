from ipaddress import ip_network

import pytest

from fedcom.http.addresses import is_address, is_within

NETWORKS = (ip_network("10.0.0.0/8"), ip_network("2001:db8::/32"))


@pytest.mark.parametrize(
    ("address", "within"),
    [
        ("10.1.2.3", True),
        ("11.1.2.3", False),
        ("2001:db8::1", True),
        ("2001:db9::1", False),
        ("10.1.2.3:80", False),
        ("", False),
        ("nonsense", False),
    ],
)
def test_an_address_is_within_the_networks_that_hold_it(address: str, within: bool) -> None:
    assert is_within(address, NETWORKS) is within
    assert not is_within(address, ())


@pytest.mark.parametrize("text", ["", "1.2.3", "1.2.3.4:80", "[::1]", "localhost"])
def test_an_invalid_address_is_none(text: str) -> None:
    assert not is_address(text)
