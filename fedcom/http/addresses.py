"""Addresses of clients, and whether they belong to a network."""

from collections.abc import Iterable
from ipaddress import IPv4Network, IPv6Network, ip_address

from starlette.requests import HTTPConnection

Network = IPv4Network | IPv6Network


def client_address(request: HTTPConnection) -> str:
    """The address that attempts are counted by, as trusted proxies give it; "" if unknown."""
    return request.client.host if request.client else ""


def is_address(text: str) -> bool:
    """Whether `text` is an IPv4 or IPv6 address, without a port."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_within(address: str, networks: Iterable[Network]) -> bool:
    """Whether `address` is in one of `networks`; False if it is not an address."""
    if not is_address(address):
        return False
    parsed = ip_address(address)
    return any(parsed in network for network in networks)
